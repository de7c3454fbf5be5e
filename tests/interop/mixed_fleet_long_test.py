"""mixed_fleet_test.py for minutes: ends in order and kill -9 on both sides, zombies, splits and merges.

usage: mixed_fleet_long_test.py KCLPP [unittest arguments]
"""
import os
import random
import signal
import sys
import time

sys.dont_write_bytecode = True

from mixed_fleet_test import FAILOVER_SECONDS, MixedFleetTest, Rows, main

# Of the putter; KCLPP_TEST_RECORDS says how many.
RECORDS, PUTS_PER_SECOND = int(os.environ.get("KCLPP_TEST_RECORDS", "6000")), 30
EACH_SIDE = 2


class MixedFleetLong(MixedFleetTest):
    shards = 6

    def pause(self, worker, seconds):
        worker.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        worker.process.send_signal(signal.SIGCONT)

    def test_rough_handling_of_both(self):
        chance = random.Random(1)
        with Rows(self.servers, self.application) as rows, self.mixed() as fleet:
            ours = [self.start_ours(fleet) for _ in range(EACH_SIDE)]
            putter = self.put(RECORDS, "--rate", PUTS_PER_SECOND)
            self.wait_until_put(putter, fleet, 100)
            theirs = [self.start_theirs(fleet) for _ in range(EACH_SIDE)]
            for worker in theirs:
                self.wait_for_share(rows, worker, 240)
            acts = ["kill ours", "end ours", "kill theirs", "end theirs", "pause theirs", "pause ours", "split",
                    "merge"]
            while putter.process.poll() is None:
                for act in chance.sample(acts, len(acts)):
                    if putter.process.poll() is not None:
                        break
                    print(f"{act}: {rows.polls[-1]}", file=sys.stderr, flush=True)
                    self.do(act, fleet, ours, theirs)
                    time.sleep(chance.uniform(1, 3) * FAILOVER_SECONDS)
            self.finish(fleet, rows, putter)

    def do(self, act, fleet, ours, theirs):
        verb, _, side = act.partition(" ")
        if verb == "split":
            self.servers.admin("split", self.stream, self.open_shards()[0])
        elif verb == "merge":
            self.servers.admin("merge", self.stream, *self.open_shards()[-2:])
        elif verb == "pause":
            self.pause((ours if side == "ours" else theirs)[0], 2.5 * FAILOVER_SECONDS)
        elif side == "ours":
            worker = ours.pop(0)
            if verb == "kill":
                worker.kill()
            else:
                worker.process.terminate()
                self.assertEqual(worker.process.wait(60), 0, worker.errors())
            ours.append(self.start_ours(fleet))
        else:
            worker = theirs.pop(0)
            if verb == "kill":
                worker.kill()
            else:
                worker.end()
            theirs.append(self.start_theirs(fleet))


if __name__ == "__main__":
    main()
