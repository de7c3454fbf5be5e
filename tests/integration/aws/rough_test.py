"""A fleet of five `kclpp consume` whose processes are killed, stopped and doubled while shards are split and merged.
rough_long_test.py is the same for minutes.

usage: rough_test.py KCLPP [unittest arguments]
"""
import sys

sys.dont_write_bytecode = True

from fleet_case import main
from rough_case import RoughTest


class Rough(RoughTest):
    records = 5000
    reshards = 4

    def test_through_dynamodb(self):
        self.through_dynamodb()

    def test_through_sqlite(self):
        self.through_sqlite()


if __name__ == "__main__":
    main()
