"""What the soak's verdict rests on.

usage: account_test.py [unittest arguments]
"""
import sys
import unittest

sys.dont_write_bytecode = True

from account import KEYS, Account
from plot import plot, quarters


class AccountTest(unittest.TestCase):
    def setUp(self):
        self.account = Account(10 * KEYS)

    def deliver(self, *ordinals):
        for ordinal in ordinals:
            self.account.deliver(ordinal)

    def rounds(self, count):
        for _ in range(count):
            self.account.end_round()

    def test_all_delivered_once_is_well(self):
        self.account.put = 5 * KEYS
        self.deliver(*range(5 * KEYS))
        self.rounds(5)
        self.assertTrue(self.account.is_kept())
        self.assertEqual(self.account.facts()["delivered"], 5 * KEYS)

    def test_what_does_not_come_is_lost(self):
        self.account.put = 3
        self.deliver(0, 2)
        self.assertEqual(self.account.lost, 1)
        self.assertFalse(self.account.is_kept())

    def test_what_comes_again_is_duplicated_and_no_harm(self):
        self.account.put = 1
        self.deliver(*[0] * 300)
        self.assertEqual(self.account.duplicated, 299)
        self.assertTrue(self.account.is_kept())

    def test_what_nobody_put_is_unknown(self):
        self.deliver(-1, 10 * KEYS)
        self.assertEqual(self.account.unknown, 2)

    def test_a_record_before_another_of_its_key_is_out_of_order(self):
        self.deliver(KEYS)
        self.rounds(5)
        self.deliver(0)
        self.assertEqual(self.account.out_of_order, 1)

    def test_two_workers_lines_may_be_read_in_either_order(self):
        self.deliver(2 * KEYS, KEYS, 0)
        self.rounds(5)
        self.assertEqual(self.account.out_of_order, 0)


class PlotTest(unittest.TestCase):
    def test_quarters_are_medians(self):
        self.assertEqual(quarters([1, 2, 3, 10, 20, 30, 4, 4, 4, 9, 8, 7]), [2, 20, 4, 8])
        self.assertEqual(quarters([7]), [7, 7, 7, 7])

    def test_a_plot_has_a_line_for_each_process(self):
        drawn = plot("RSS", "MiB", {"one": [(0, 1.0), (60, 2.0)], "a & b": [(0, 3.0), (60, 0.5)]})
        self.assertEqual(drawn.count("<polyline"), 2)
        self.assertIn("a &amp; b", drawn)


if __name__ == "__main__":
    unittest.main(verbosity=2)
