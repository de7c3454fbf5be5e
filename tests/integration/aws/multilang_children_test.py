"""Children of `kclpp multilang` that misbehave, and ends of all kinds: each is told in the log, takes down its own
shard at most, and nothing is lost.

usage: multilang_children_test.py KCLPP [unittest arguments]
"""
import os
import signal
import sys

sys.dont_write_bytecode = True

from fleet_case import main
from multilang_case import MultilangTest


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


class Ends(MultilangTest):
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
        self.assertEqual(daemon.terminate(), 0, daemon.log())
        self.assert_in_order(puts)

    def test_sigterm_and_ctrl_c_give_every_child_its_last_word(self):
        puts = self.put_all(100)
        for number in (signal.SIGTERM, signal.SIGINT):
            daemon = self.multilang()
            self.wait_for(puts, daemon)
            calls = len(self.noted("calls"))
            daemon.process.send_signal(number)
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


if __name__ == "__main__":
    main()
