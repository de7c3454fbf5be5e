"""mixed_check.py on stories that it must tell apart."""
import sys
import unittest

sys.dont_write_bytecode = True

from mixed_check import check_mixed

PUTS = [("s", number) for number in range(1, 7)]
NAMES = {"w1": "ours", "go1": "theirs"}


def rows(owner, checkpoint):
    return {"s": (owner, checkpoint)}


class MixedCheck(unittest.TestCase):
    def test_all_delivered_by_whomever_is_right(self):
        verdict = check_mixed(PUTS, {"w1": PUTS[:4], "go1": PUTS[2:]}, [rows("ours", "4"), rows("theirs", "6")], NAMES)
        self.assertEqual((verdict.ours, verdict.theirs, verdict.repeated), ([], [], 2))
        self.assertEqual(verdict.delivered, {"kclpp": 4, "Go": 4})

    def test_what_a_go_worker_passes_is_its_loss(self):
        lines = {"w1": [("s", 1), ("s", 2), ("s", 5), ("s", 6)], "go1": []}
        verdict = check_mixed(PUTS, lines, [rows("ours", "2"), rows("theirs", "4"), rows("ours", "6")], NAMES)
        self.assertEqual(verdict.ours, [])
        self.assertEqual(len(verdict.theirs), 2)

    def test_what_we_pass_is_ours(self):
        lines = {"w1": [("s", 1), ("s", 2), ("s", 5), ("s", 6)], "go1": []}
        verdict = check_mixed(PUTS, lines, [rows("theirs", "2"), rows("ours", "6")], NAMES)
        self.assertEqual(verdict.theirs, [])
        self.assertEqual(len(verdict.ours), 4)  # each lost, and each left out

    def test_what_nobody_passed_is_ours(self):
        verdict = check_mixed(PUTS, {"w1": PUTS[:4], "go1": []}, [rows("theirs", "4")], NAMES)
        self.assertEqual(len(verdict.ours), 2)

    def test_what_was_never_put_is_told(self):
        verdict = check_mixed(PUTS, {"w1": [*PUTS, ("s", 9)], "go1": []}, [rows("ours", "6")], NAMES)
        self.assertEqual(len(verdict.ours), 1)


if __name__ == "__main__":
    unittest.main()
