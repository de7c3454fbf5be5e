"""`kclpp demo` as its user meets it: good runs, bad input, full disks, Ctrl-C. Each test runs the real program.

usage: demo_test.py KCLPP [unittest arguments]
"""
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

KCLPP = ""


class DemoTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="kclpp-demo-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.tmp = os.path.join(self.dir, "tmp")
        os.mkdir(self.tmp)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def environment(self, extra=None):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("KCLPP_")}
        return {**kept, "TMPDIR": self.tmp, **(extra or {})}

    def start(self, *arguments, env=None, **options):
        return subprocess.Popen([KCLPP, *arguments], env=self.environment(env), text=True, stdin=subprocess.DEVNULL,
                                stdout=options.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE, **options)

    def run_kclpp(self, *arguments, **options):
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=150)
        return process.returncode, out, err

    def refused(self, *arguments, code, says, **options):
        """It ends with this code and one line (of ours) that holds every text of `says`; stdout stays empty."""
        got, out, err = self.run_kclpp(*arguments, **options)
        self.assertEqual(got, code, err)
        for text in says:
            self.assertIn(text, err)
        self.assertFalse(out, out)
        self.assertLessEqual(len(err.strip().splitlines()), 3, err)
        return err

    def result(self, out):
        self.assertEqual(len(out.splitlines()), 1, out)
        return json.loads(out)

    def everything_delivered(self, out):
        result = self.result(out)
        self.assertEqual(result["lost"], 0)
        self.assertEqual(result["put"], result["delivered"])
        self.assertEqual(result["out_of_order_or_unexplained"], 0)
        return result


class GoodRuns(DemoTest):
    def test_delivers_everything(self):
        code, out, err = self.run_kclpp("demo", "--json", "--seconds", "2")
        self.assertEqual(code, 0, err)
        result = self.everything_delivered(out)
        self.assertEqual((result["put"], result["workers"], result["shards"]), (4000, 3, 8))
        self.assertEqual(err, "")
        self.assertEqual(os.listdir(self.tmp), [], "the temporary lease table is left behind")

    def test_keeps_the_promises_under_chaos(self):
        code, out, err = self.run_kclpp("demo", "--json", "--seconds", "12", "--chaos", "--seed", "5")
        self.assertEqual(code, 0, err)
        self.assertGreater(self.everything_delivered(out)["disturbances"], 3)

    def test_delivers_every_line_of_a_file(self):
        lines = [b"", b"   ", b"word", b"  word again", b"\xff\xfe not UTF-8 \x00 with a NUL", b"crlf\r",
                 "schlüssel wert".encode(), b"k" * 5000 + b" a long first word", "ü".encode() * 700,
                 b"x" * 1_000_000]
        lines += [b"key-%d line %d" % (i % 17, i) for i in range(5000)]
        file = self.write("input", b"\n".join(lines))
        code, out, err = self.run_kclpp("demo", "--json", "--input", file)
        self.assertEqual(code, 0, err)
        self.assertEqual(self.everything_delivered(out)["put"], len(lines))

    def test_an_empty_file_is_no_error(self):
        code, out, err = self.run_kclpp("demo", "--json", "--input", self.write("empty", b""))
        self.assertEqual(code, 0, err)
        self.assertEqual(self.everything_delivered(out)["put"], 0)

    def test_a_second_run_works_like_the_first(self):
        for _ in range(2):
            code, out, err = self.run_kclpp("demo", "--json", "--seconds", "1")
            self.assertEqual(code, 0, err)
            self.everything_delivered(out)

    def test_flags_have_environment_twins(self):
        twins = {"KCLPP_SECONDS": "1", "KCLPP_WORKERS": "2", "KCLPP_SHARDS": "3"}
        code, out, err = self.run_kclpp("demo", "--json", env=twins)
        self.assertEqual(code, 0, err)
        result = self.everything_delivered(out)
        self.assertEqual((result["workers"], result["shards"]), (2, 3))

    def test_help_and_version(self):
        for arguments in (["--help"], ["demo", "--help"], ["--version"]):
            code, out, err = self.run_kclpp(*arguments)
            self.assertEqual((code, err), (0, ""))
            self.assertTrue(out)


class BadUsage(DemoTest):
    def test_unknown_flag(self):
        self.refused("demo", "--shard", "3", code=2, says=["--shard", "--help"])

    def test_unknown_command(self):
        self.refused("dmo", code=2, says=["dmo", "--help"])

    def test_no_command(self):
        self.refused(code=2, says=["--help"])

    def test_garbage_numbers(self):
        for flag, value in (("--shards", "many"), ("--shards", "0"), ("--workers", "-1"), ("--rate", "1e99"),
                            ("--seconds", "")):
            with self.subTest(flag=flag, value=value):
                self.refused("demo", flag, value, code=2, says=[flag])

    def test_garbage_in_the_environment(self):
        self.refused("demo", env={"KCLPP_SHARDS": "lots"}, code=2, says=["shards"])

    def test_lease_store_of_an_unknown_kind(self):
        self.refused("demo", "--lease-store", "redis:localhost", code=2, says=["sqlite:FILE", "redis:localhost"])


class BadFiles(DemoTest):
    def test_input_that_does_not_exist(self):
        self.refused("demo", "--input", self.path("nothing"), code=1, says=[self.path("nothing"), "No such file"])

    def test_input_that_is_a_directory(self):
        self.refused("demo", "--input", self.dir, code=1, says=[self.dir, "directory"])

    def test_a_line_longer_than_a_record(self):
        file = self.write("long", b"first line\n" + b"x" * 1_100_000 + b"\nlast line\n")
        code, _, err = self.run_kclpp("demo", "--json", "--input", file)
        self.assertEqual(code, 1)
        self.assertIn("1 MiB", err)

    def test_lease_store_in_a_directory_that_does_not_exist(self):
        nowhere = self.path("none")
        self.refused("demo", "--lease-store", f"sqlite:{nowhere}/leases", code=1, says=[nowhere])

    def test_lease_store_that_is_a_directory(self):
        self.refused("demo", "--lease-store", "sqlite:" + self.dir, code=1, says=[self.dir, "directory"])

    def test_lease_store_that_is_not_a_database(self):
        file = self.write("letter", b"Dear Sir or Madam, " * 100)
        self.refused("demo", "--lease-store", "sqlite:" + file, code=1, says=[file])
        with open(file, "rb") as kept:
            self.assertEqual(kept.read(), b"Dear Sir or Madam, " * 100)

    def test_lease_store_of_another_application(self):
        file = self.path("other")
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE friends (name TEXT)")
        self.refused("demo", "--lease-store", "sqlite:" + file, code=1, says=[file])
        tables = sqlite3.connect(file).execute("SELECT name FROM sqlite_master").fetchall()
        self.assertEqual(tables, [("friends",)])

    def test_lease_store_that_is_locked(self):
        file = self.path("leases")
        code, _, err = self.run_kclpp("demo", "--seconds", "1", "--lease-store", "sqlite:" + file)
        self.assertEqual(code, 0, err)
        holder = sqlite3.connect(file, isolation_level=None)
        self.addCleanup(holder.close)
        holder.execute("DELETE FROM demo")
        holder.execute("BEGIN EXCLUSIVE")
        self.refused("demo", "--lease-store", "sqlite:" + file, code=1, says=[file, "lock"])

    def test_a_second_run_on_a_kept_lease_store(self):
        file = self.path("leases")
        code, _, err = self.run_kclpp("demo", "--seconds", "1", "--lease-store", "sqlite:" + file)
        self.assertEqual(code, 0, err)
        self.refused("demo", "--lease-store", "sqlite:" + file, code=1, says=[file, "earlier demo", "delete it"])

    def test_full_disk(self):
        def little_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        self.refused("demo", "--lease-store", "sqlite:" + self.path("leases"), code=1, says=[self.path("leases")],
                     preexec_fn=little_room)

    def test_no_temporary_directory(self):
        self.refused("demo", env={"TMPDIR": self.path("nowhere")}, code=1, says=["TMPDIR"])

    def test_stdout_that_is_full(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            process = self.start("demo", "--json", "--seconds", "1", stdout=full)
            _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertIn("stdout", err)

    def test_stdout_that_is_closed(self):
        read, write = os.pipe()
        os.close(read)
        process = self.start("demo", "--json", "--seconds", "1", stdout=write)
        os.close(write)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertIn("stdout", err)


class Interrupted(DemoTest):
    def wait_until_signals_are_handled(self, process):
        """Before main a signal ends any program; how long the start takes is the machine's affair."""
        handled = 1 << (signal.SIGINT - 1)
        while process.poll() is None:
            with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
                caught = next(line for line in status if line.startswith("SigCgt:"))
            if int(caught.split()[1], 16) & handled:
                return
            time.sleep(0.005)

    def test_ctrl_c_at_any_moment_ends_in_order(self):
        # From before the first lease to well into the run.
        for delay in (0, 0.2, 0.5, 1.0, 2.5):
            with self.subTest(delay=delay):
                process = self.start("demo", "--json", "--chaos", "--seconds", "600")
                self.wait_until_signals_are_handled(process)
                time.sleep(delay)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=120)
                self.assertEqual(process.returncode, 0, err)
                self.assertTrue(self.everything_delivered(out)["interrupted"])
                self.assertEqual(os.listdir(self.tmp), [])

    def test_sigterm_ends_in_order(self):
        process = self.start("demo", "--json", "--seconds", "600")
        time.sleep(1)
        process.terminate()
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertTrue(self.everything_delivered(out)["interrupted"])

    def test_a_second_ctrl_c_ends_at_once(self):
        process = self.start("demo", "--json", "--chaos", "--seconds", "600", "--rate", "100000", "--failover", "600")
        time.sleep(4)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        # Two signals that arrive as one are one; then the run ended in order before the third.
        self.assertIn(process.returncode, (0, 1), err)
        if process.returncode == 1:
            self.assertIn("second signal", err)


if __name__ == "__main__":
    KCLPP = os.path.abspath(sys.argv.pop(1))
    unittest.main()
