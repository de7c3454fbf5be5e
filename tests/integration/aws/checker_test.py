"""The checker must accept what the promises allow and object to each thing they do not."""
import sys
import unittest

sys.dont_write_bytecode = True

from checker import Delivery, Poll, Put, Row, check

PUTS = [Put("a", number, f"key-{number % 3}", f"sha-{number}") for number in range(10, 110, 10)]


def lines(worker, numbers, at, shard="a", puts=None):
    """Each written within a hundredth of a second, one after the other, from `at`."""
    by_number = {put.number: put for put in puts or PUTS}
    return [Delivery(worker, shard, number, by_number[number].key, by_number[number].sha256,
                     at + i / 100, at + (i + 1) / 100) for i, number in enumerate(numbers)]


def table(*rows, shard="a"):
    """One poll a second, each of a hundredth: (checkpoint, owner) or None where there is no row; a counter may follow,
    or else it rises."""
    return [Poll(second, second + 0.01, {shard: Row(str(row[0]), row[1], (*row, second)[2])} if row else {})
            for second, row in enumerate(rows)]


# All by one worker, w1: delivered between 1.0 and 1.1.
EVERYTHING = lines("w1", range(10, 110, 10), 1)


class Accepts(unittest.TestCase):
    def accepted(self, *arguments, repeated=0):
        verdict = check(*arguments)
        self.assertEqual(verdict.problems, [])
        self.assertEqual(verdict.repeated, repeated)
        return verdict

    def test_everything_once(self):
        self.accepted(PUTS, EVERYTHING, table(None, ("TRIM_HORIZON", "w1"), (50, "w1"), (100, "w1")))

    def test_a_restart_right_behind_the_checkpoint(self):
        polls = table(("TRIM_HORIZON", "w1"), (30, "w1"), (30, "w1"), (30, "w2"), (100, "w2"))
        deliveries = lines("w1", range(10, 70, 10), 0.1) + lines("w2", range(40, 110, 10), 2.5)
        self.assertEqual(self.accepted(PUTS, deliveries, polls, repeated=3).moves, 1)

    def test_a_checkpoint_that_was_stored_unseen(self):
        # Nobody saw the row at 50, but the next owner begins behind it.
        polls = table(("TRIM_HORIZON", "w1"), (30, "w1"), (30, "w2"), (100, "w2"))
        self.accepted(PUTS, lines("w1", range(10, 60, 10), 0.1) + lines("w2", range(60, 110, 10), 1.5), polls)

    def test_a_worker_that_ends_its_batch_while_another_has_the_lease(self):
        polls = table(("TRIM_HORIZON", "w1"), ("TRIM_HORIZON", "w1"), (30, "w2"), (100, "w2"))
        deliveries = lines("w1", range(10, 70, 10), 1.96) + lines("w2", range(40, 110, 10), 1.97)
        self.accepted(PUTS, deliveries, polls, repeated=3)

    def test_a_lease_that_went_there_and_back(self):
        polls = table(("TRIM_HORIZON", "w1"), (30, "w1"), (30, "w2"), (60, "w2"), (60, "w1"), (100, "w1"))
        deliveries = (lines("w1", (10, 20, 30), 0.1) + lines("w2", (40, 50, 60), 2.1) +
                      lines("w1", (70, 80, 90, 100), 4.1))
        self.accepted(PUTS, deliveries, polls)

    def test_a_batch_begun_before_a_pause(self):
        polls = table(("TRIM_HORIZON", "w1"), ("TRIM_HORIZON", "w2"), (60, "w2"), (100, "w2"))
        deliveries = lines("w2", range(10, 110, 10), 1.2) + lines("w1", (10, 20), 3.5)
        self.assertEqual(len(check(PUTS, deliveries, polls).problems), 1)
        self.accepted(PUTS, deliveries, polls, {}, {"w1": [(0.5, 3.4)]}, repeated=2)
        self.assertEqual(len(check(PUTS, deliveries, polls, {}, {"w1": [(0.5, 1.5)]}).problems), 1)

    def test_children_after_their_parents(self):
        puts = PUTS + [Put("b", 5, "key", "sha")]
        self.accepted(puts, EVERYTHING + lines("w2", [5], 2, "b", puts), [], {"b": ["a"]})


class ObjectsTo(unittest.TestCase):
    def objected(self, what, *arguments):
        problems = check(*arguments).problems
        self.assertTrue(any(problem.startswith(what) for problem in problems), problems)
        return problems

    def test_a_lost_record(self):
        problems = self.objected("lost", PUTS, EVERYTHING[:4] + EVERYTHING[5:], [])
        self.assertIn("50 of a", " ".join(problems))

    def test_a_lost_last_record(self):
        self.objected("lost", PUTS, EVERYTHING[:-1], [])

    def test_a_record_nobody_put(self):
        self.objected("unknown", PUTS[1:], EVERYTHING, [])

    def test_other_bytes(self):
        first = EVERYTHING[0]
        self.objected("unknown", PUTS, [Delivery("w1", "a", 10, first.key, "sha-other", 1, 2)] + EVERYTHING[1:], [])

    def test_another_key(self):
        first = EVERYTHING[0]
        self.objected("unknown", PUTS, [Delivery("w1", "a", 10, "key-other", first.sha256, 1, 2)] + EVERYTHING[1:], [])

    def test_two_records_swapped(self):
        self.objected("left out", PUTS, lines("w1", (10, 20, 40, 30, *range(50, 110, 10)), 1), [])

    def test_two_records_swapped_in_lines_that_were_read_at_once(self):
        at_once = [Delivery("w1", "a", put.number, put.key, put.sha256, 1, 2) for put in PUTS]
        self.objected("left out", PUTS, at_once[:3] + [at_once[4], at_once[3]] + at_once[5:], [])

    def test_a_record_overtaken_across_workers(self):
        deliveries = lines("w1", (10, 20, 40, 50), 1) + lines("w2", (30, *range(60, 110, 10)), 2)
        self.objected("left out", PUTS, deliveries, [])

    def test_a_repetition_from_before_the_checkpoint(self):
        polls = table(("TRIM_HORIZON", "w1"), (50, "w1"), (50, "w1"), (50, "w2"), (100, "w2"))
        deliveries = lines("w1", range(10, 70, 10), 0.1) + lines("w2", range(50, 110, 10), 2.5)
        self.objected("too early", PUTS, deliveries, polls)

    def test_a_repetition_by_the_same_worker_from_before_its_checkpoint(self):
        polls = table(("TRIM_HORIZON", "w1"), (30, "w1"), (30, "w1"), (100, "w1"))
        deliveries = (lines("w1", (10, 20, 30), 0.1) + lines("w1", (40, 50), 1.5) +
                      lines("w1", (30, 40, 50, 60, 70, 80, 90, 100), 2.5))
        self.objected("too early", PUTS, deliveries, polls)

    def test_a_checkpoint_ahead_of_delivery(self):
        self.objected("ahead", PUTS, EVERYTHING, table((20, "w1"), (100, "w1")))

    def test_a_shard_that_ended_before_it_was_read(self):
        self.objected("ahead", PUTS, EVERYTHING, table(("SHARD_END", "w1"), ("SHARD_END", "w1")))

    def test_a_checkpoint_over_a_lost_record(self):
        self.objected("ahead", PUTS, EVERYTHING[:4] + EVERYTHING[5:], table(None, None, (100, "w1")))

    def test_a_checkpoint_that_goes_back(self):
        self.objected("backwards", PUTS, EVERYTHING, table(None, None, (100, "w1"), (50, "w2")))

    def test_a_shard_end_that_is_taken_back(self):
        self.objected("backwards", PUTS, EVERYTHING, table(None, None, ("SHARD_END", "w1"), (100, "w2")))

    def test_a_counter_that_goes_back(self):
        self.objected("backwards: the counter", PUTS, EVERYTHING, table(None, None, (100, "w1", 7), (100, "w1", 6)))

    def test_a_checkpoint_that_moves_without_the_counter(self):
        self.objected("unfenced", PUTS, EVERYTHING, table(None, None, (50, "w1", 7), (100, "w1", 7)))

    def test_an_owner_who_comes_without_the_counter(self):
        self.objected("unfenced", PUTS, EVERYTHING, table(None, None, (100, "w1", 7), (100, "w2", 7)))

    def test_a_child_before_its_parent(self):
        puts = PUTS + [Put("b", 5, "key", "sha")]
        self.objected("child first", puts, EVERYTHING + lines("w2", [5], 0.5, "b", puts), [], {"b": ["a"]})

    def test_a_child_before_the_second_of_its_parents(self):
        puts = PUTS + [Put("b", 5, "key", "sha"), Put("c", 7, "key", "sha")]
        deliveries = lines("w2", [7], 0.5, "c", puts) + EVERYTHING + lines("w2", [5], 0.8, "b", puts)
        self.objected("child first", puts, deliveries, [], {"b": ["c", "a"]})


if __name__ == "__main__":
    unittest.main()
