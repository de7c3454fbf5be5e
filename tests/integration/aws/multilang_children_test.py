"""Children of `kclpp multilang` that misbehave, and ends of all kinds: each is told in the log, takes down its own
shard at most, and nothing is lost.

usage: multilang_children_test.py KCLPP [unittest arguments]
"""
import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True

from fleet_case import main
from multilang_case import PARTS, MultilangTest
from servers import skip


class Misbehaving(MultilangTest):
    def goes_on(self, how, said, *lines, restarted=True):
        """Everything comes, although the first child to get that far misbehaves."""
        puts = self.put_all(200)
        daemon = self.multilang("maxRecords = 10", *lines, KCLPP_TEST_MISBEHAVES=how)
        self.wait_for(puts, daemon)
        self.wait_for_log(daemon, said)
        self.assertEqual(daemon.terminate(), 0, daemon.log())
        self.assertTrue(os.path.exists(os.path.join(self.dir, "misbehaved")), "it kept to the rules all the time")
        self.assert_in_order(puts)
        starts = [words for words in self.noted("calls") if words[1] == "initialize"]
        self.assertEqual(len(starts), self.shards + (1 if restarted else 0), daemon.log())
        if restarted:
            self.assertIn("shard_starts_over", daemon.log())
        self.assertEqual([words for words in self.noted("checkpoints") if words[1] not in
                          ("None", "InvalidStateException")], [])
        return daemon

    def test_one_that_exits_in_an_action(self):
        self.goes_on("exit", "exited with code 3")

    def test_one_that_exits_between_actions(self):
        self.goes_on("exit-after", "exited with code 4")

    def test_one_that_hangs(self):
        self.goes_on("hang", "did not answer 'processRecords' within 2 s (timeoutInSeconds)", "timeoutInSeconds = 2")

    def test_one_that_hangs_and_ignores_sigterm(self):
        self.goes_on("hang-deaf", "child_ignores_sigterm", "timeoutInSeconds = 2")

    def test_one_that_asks_without_end_and_never_reads(self):
        self.goes_on("ask-and-never-read", "child_does_not_read", "timeoutInSeconds = 2")

    def test_one_that_closes_stdin(self):
        self.goes_on("close-stdin-after", "it closed its stdin")

    def test_one_that_closes_stdout(self):
        self.goes_on("close-stdout", "it closed its stdout")

    def test_one_that_answers_what_was_not_asked(self):
        self.goes_on("wrong-answer", "it answered 'leaseLost' when it was asked 'processRecords'")

    def test_one_that_writes_garbage_to_stdout_goes_on(self):
        daemon = self.goes_on("garbage", "child_printed", restarted=False)
        self.assertIn("garbage", daemon.log())

    def test_one_that_writes_100_mb_to_stderr_goes_on(self):
        daemon = self.goes_on("stderr", "child_started", restarted=False)
        self.assertEqual(daemon.log().count("y" * 999 + "\n"), 100_000)
        self.assertRegex(daemon.log(), r"\n\[stream-\d+ shardId-\d+\] yyy")


class FirstFailureIsTheLast(MultilangTest):
    """As with Java's daemon, but that the other children have their last word."""

    def ends(self, how, said, *lines):
        self.put_all(200)
        daemon = self.multilang("maxRecords = 10", "kclpp.childRestarts = 0", *lines, KCLPP_TEST_MISBEHAVES=how)
        self.assertEqual(daemon.process.wait(60), 1, daemon.log())
        self.assertIn(said, daemon.log())
        self.assertRegex(daemon.log(), r"multilang_ended.*shard shardId-\d+: ")
        for action in ("shutdownRequested", "leaseLost", "end-of-input"):
            self.assertIn(action, {words[1] for words in self.noted("calls")}, daemon.log())
        self.assertEqual(self.children(), set())

    def test_one_that_exits(self):
        self.ends("exit", "exited with code 3")

    def test_one_that_answers_what_was_not_asked(self):
        self.ends("wrong-answer", "it answered 'leaseLost' when it was asked 'processRecords'")

    def test_one_that_closes_stdin(self):
        self.ends("close-stdin-after", "it closed its stdin")

    def test_one_that_says_nothing_in_time(self):
        self.ends("hang", "did not answer 'processRecords' within 1 s (timeoutInSeconds)", "timeoutInSeconds = 1")


class Ends(MultilangTest):
    def test_a_child_that_hangs_without_a_limit_is_told_of_and_ended_at_the_end(self):
        puts = self.put_all(200)
        lines = ("maxRecords = 10", "logWarningForTaskAfterMillis = 1000", "shutdownGraceMillis = 2000",
                 "kclpp.childGraceMillis = 300")
        daemon = self.multilang(*lines, KCLPP_TEST_MISBEHAVES="hang")
        self.wait_for_log(daemon, "child_does_not_answer")
        self.wait_for_log(daemon, "shard_stalled")
        told = [line for line in daemon.log().splitlines() if "child_does_not_answer" in line]
        self.assertRegex(told[0], "shardId-0")
        self.assertRegex(told[0], "processRecords")
        self.assertEqual(daemon.terminate(), 1, "a shard was not finished")
        for event in ("shutdown_unfinished", "child_ignores_end_of_input", "was killed by signal 15"):
            self.assertIn(event, daemon.log())
        self.assertEqual(self.children(), set())
        daemon = self.multilang(*lines)
        self.wait_for(puts, daemon)
        self.assertEqual(daemon.terminate(), 0, daemon.log())
        self.assert_in_order(puts)

    def test_a_child_that_is_killed_takes_its_own_shard_down(self):
        puts = self.put_all(200)
        daemon = self.multilang("maxRecords = 10")
        self.wait_for(puts, daemon)
        victim = int(self.noted("calls")[0][0])
        os.kill(victim, signal.SIGKILL)
        self.wait_for_log(daemon, "was killed by signal 9")
        more = self.put_all(50)
        self.wait_for(more, daemon)
        self.assertEqual(daemon.terminate(), 0, daemon.log())
        self.assert_in_order([*puts, *more])
        starts = [words for words in self.noted("calls") if words[1] == "initialize"]
        self.assertEqual(len(starts), self.shards + 1)

    def test_a_shard_that_ends_without_a_checkpoint_starts_over_and_is_told(self):
        puts = self.put_all(50)
        daemon = self.multilang(KCLPP_TEST_MISBEHAVES="no-checkpoint-at-the-end-after")
        self.wait_for(puts, daemon)
        self.servers.admin("split", self.stream, "shardId-000000000000")
        self.wait_until("the parent's SHARD_END", lambda: self.checkpoints().get("shardId-000000000000") == "SHARD_END")
        self.assertIn("shard_end_without_checkpoint", daemon.log())
        more = self.put_all(50)
        self.wait_for(more, daemon)
        self.assertEqual(daemon.terminate(), 0, daemon.log())

    def test_a_second_daemon_takes_its_share_and_the_first_one_checkpoints_it(self):
        puts = self.put_all(200)
        first = self.multilang("maxRecords = 10")
        self.wait_for(puts, first)
        second = self.multilang("maxRecords = 10")
        self.wait_until("a hand-over", lambda: "child_started" in second.log())
        self.assertIn("shutdownRequested", {words[1] for words in self.noted("calls")})
        self.assertIn("leaseLost", {words[1] for words in self.noted("calls")})
        more = self.put_all(50)
        self.wait_for(more, second)
        self.assertEqual(len(self.noted("records")), len(puts) + len(more), "nothing was delivered twice")
        self.assertEqual(first.terminate(), 0, first.log())
        self.assertEqual(second.terminate(), 0, second.log())

    def test_children_of_a_daemon_that_is_killed_end_and_the_next_one_loses_nothing(self):
        puts = self.put_all(200)
        daemon = self.multilang("maxRecords = 10")
        self.wait_until("some records", lambda: len(self.noted("records")) > 50)
        daemon.process.kill()
        daemon.process.wait(30)
        self.wait_until("every child has ended", lambda: not self.children())
        daemon = self.multilang("maxRecords = 10")
        self.wait_for(puts, daemon)
        self.assertRegex(daemon.log(), r"lease_taken from=(?!nobody)", "whose it was is told")
        self.assertEqual(daemon.terminate(), 0, daemon.log())
        self.assert_in_order(puts)

    def test_sigterm_and_ctrl_c_give_every_child_its_last_word(self):
        puts = self.put_all(100)
        for number in (signal.SIGTERM, signal.SIGINT):
            daemon = self.multilang()
            self.wait_for(puts, daemon)
            calls = len(self.noted("calls"))
            # As a terminal does, to the whole group: children do not belong to it, and would end by it.
            os.killpg(daemon.process.pid, number)
            self.assertEqual(daemon.process.wait(40), 0, daemon.log())
            last = self.noted("calls")[calls:]
            for action in ("shutdownRequested", "leaseLost", "end-of-input"):
                self.assertEqual(sum(words[1] == action for words in last), self.shards, (action, last))
            self.assertIn("InvalidStateException", {words[1] for words in self.noted("checkpoints")},
                          "a checkpoint in leaseLost is refused")
            puts = self.put_all(20)

    def test_a_child_that_ignores_the_end_of_its_input_is_ended(self):
        puts = self.put_all(20)
        daemon = self.multilang("kclpp.childGraceMillis = 300", KCLPP_TEST_MISBEHAVES="ignore-end")
        self.wait_for(puts, daemon)
        self.assertEqual(daemon.terminate(), 0, daemon.log())
        self.assertIn("child_ignores_end_of_input", daemon.log())
        self.assertIn("child_ignores_sigterm", daemon.log())
        self.assertEqual(self.children(), set())

    def test_a_child_that_cannot_work_ends_the_daemon_when_its_restarts_are_used_up(self):
        daemon = self.multilang("kclpp.childRestarts = 1", executable="false")
        self.assertEqual(daemon.process.wait(60), 1)
        self.assertIn("2 failures at the same checkpoint", daemon.log())
        daemon = self.multilang("kclpp.childRestarts = 0", executable="false")
        self.assertEqual(daemon.process.wait(60), 1)
        self.assertIn("1 failures at the same checkpoint", daemon.log())

    def test_what_cannot_be_executed_is_told_at_once(self):
        daemon = self.multilang(executable="/nowhere/program")
        self.assertEqual(daemon.process.wait(10), 1)
        self.assertIn("'/nowhere/program' is not there", daemon.log())


class FirstProcess(MultilangTest):
    """In a namespace of its own, as in a container without an init."""
    NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]

    @staticmethod
    def processes_of(pid):
        """The states of what it is to wait for, by pid."""
        told = subprocess.run(["ps", "-o", "pid=,stat=", "--ppid", str(pid)], capture_output=True, text=True,
                              check=False)
        return dict(line.split() for line in told.stdout.splitlines())

    def test_waits_for_processes_that_children_leave_behind_and_hands_signals_on(self):
        tried = subprocess.run([*self.NAMESPACE, "true"], capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            skip(f"no namespace of processes may be made here: {tried.stderr.strip()}")
        file = self.properties(f"{PARTS}/child.py", "maxRecords = 10")
        daemon = self.start([*self.NAMESPACE, self.kclpp, "multilang", "-p", file],
                            KCLPP_TEST_MISBEHAVES="leave-processes-after")
        puts = self.put_all(200)
        self.wait_for(puts, daemon)
        first, = self.processes_of(daemon.process.pid)
        self.assertGreater(len(self.noted("left-behind")), 10)
        self.wait_until("nobody but the daemon is left to wait for",
                        lambda: [state[0] for state in self.processes_of(first).values()] in (["S"], ["R"]))
        os.kill(int(first), signal.SIGTERM)
        self.assertEqual(daemon.process.wait(40), 0, daemon.log())
        for action in ("shutdownRequested", "leaseLost", "end-of-input"):
            self.assertEqual(sum(words[1] == action for words in self.noted("calls")), self.shards, action)


if __name__ == "__main__":
    main()
