"""What a test has started ends with it, also when ctest kills it for having taken too long.

usage: abandoned_test.py KCLPP [unittest arguments]
"""
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True

from fleet_case import FleetTest, main
from servers import ENDS_WITH_US, KCLPP_KINESIS

HERE = os.path.dirname(os.path.abspath(__file__))
# A test that gets as far as its fleet, and stays.
_STAYS = """import json, sys
sys.path.insert(0, sys.argv[1])
from fleet import Fleet
from servers import Servers
folder, kclpp = sys.argv[2:]
with Servers(folder) as servers:
    servers.admin("create-stream", "stream", 1)
    with Fleet(kclpp, ["--stream", "stream"], servers.environment(), folder) as fleet:
        print(json.dumps({"worker": fleet.start().process.pid}), flush=True)
        sys.stdin.read()
"""


def runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Abandoned(FleetTest):
    shards = 0

    def test_servers_and_workers_end_with_a_test_that_is_killed(self):
        folder = os.path.join(self.dir, "abandoned")
        os.mkdir(folder)
        test = subprocess.Popen([sys.executable, "-c", _STAYS, HERE, folder, self.kclpp], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        with test:
            try:
                worker = json.loads(test.stdout.readline())["worker"]
                with open(os.path.join(folder, "servers", "state"), encoding="utf-8") as state:
                    pids = [int(pid) for pid in re.findall(r"^\w+_pid=(\d+)$", state.read(), re.MULTILINE)]
                # Before `kclpp local` is a proxy.
                self.assertEqual(len(pids), 3 if KCLPP_KINESIS else 2)
                pids += [worker] if ENDS_WITH_US else []
                self.assertTrue(all(map(runs, pids)), "they run while their test does")
            finally:
                test.kill()
        self.wait_until("all of it ended", lambda: not any(map(runs, pids)))
        # Ours is alive, and so are the servers that it has.
        self.servers.admin("create-stream", self.stream, 1)


if __name__ == "__main__":
    main()
