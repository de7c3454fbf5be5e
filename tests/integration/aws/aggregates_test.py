"""KPL aggregates made by AWS's own aggregator (npm: aws-kinesis-agg), taken apart by ours: the same user records, in
the same order.

usage: aggregates_test.py AGGREGATE_READER [unittest arguments]
"""
import base64
import json
import os
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

from fleet_case import FleetTest, main
from servers import TOOLS, environment, local_aws


def encoded(text):
    return "-" if text is None else base64.b64encode(text.encode()).decode()


class Aggregates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        local_aws("install")

    def aggregates(self, count, seed):
        made = subprocess.run(["node", os.path.join(TOOLS, "aggregates.mjs"), str(count), str(seed)],
                              env=environment(), capture_output=True, text=True, timeout=120)
        self.assertEqual(made.returncode, 0, made.stderr)
        return [json.loads(line) for line in made.stdout.splitlines()]

    def taken_apart(self, records):
        got = subprocess.run([FleetTest.kclpp], input="".join(record + "\n" for record in records), env=environment(),
                             capture_output=True, text=True, timeout=120)
        self.assertEqual(got.returncode, 0, got.stderr)
        return got.stdout.splitlines()

    def test_yield_the_user_records_that_were_put_into_them(self):
        made = self.aggregates(300, seed=7)
        lines = self.taken_apart([one["data"] for one in made])
        self.assertEqual(len(lines), len(made))
        self.assertGreater(sum(len(one["records"]) for one in made), 5000)
        for one, line in zip(made, lines):
            expected = [f"{encoded(key)},{encoded(hash_key)},{data}" for key, hash_key, data in one["records"]]
            self.assertEqual(line.split(" "), ["aggregate"] + expected)

    def test_a_damaged_one_yields_nothing(self):
        data = bytearray(base64.b64decode(self.aggregates(1, seed=3)[0]["data"]))
        for place in range(4, len(data), max(1, len(data) // 50)):
            damaged = bytearray(data)
            damaged[place] ^= 4
            self.assertEqual(self.taken_apart([base64.b64encode(damaged).decode()]), ["other"], place)


if __name__ == "__main__":
    main()
