"""rough_test.py for minutes.

usage: rough_long_test.py KCLPP [unittest arguments]
"""
import sys

sys.dont_write_bytecode = True

from fleet_case import main
from rough_case import RoughTest


class RoughLong(RoughTest):
    records = 50000
    reshards = 16
    # Packages of one source share a key, so that keys come more than once.
    put_arguments = ("--key", "Source")

    def test_through_dynamodb(self):
        self.through_dynamodb()

    def test_through_sqlite(self):
        self.through_sqlite()


if __name__ == "__main__":
    main()
