"""What fencing.py must accept, and what it must object to."""
import json
import sys
import unittest

sys.dont_write_bytecode = True

from fencing import Call, Write, check_calls, check_writes, write_of


WHOLE_ROW = frozenset(("leaseCounter", "leaseOwner", "kclppToken"))


def write(incarnation, counter, begin, end=None, checkpoint="5", **more):
    return Write("a", begin, begin + 0.1 if end is None else end, counter=counter, incarnation=incarnation,
                 checkpoint=checkpoint, **{"is_applied": True, "rests_on": WHOLE_ROW, **more})


def take(incarnation, counter, begin, **more):
    return write(incarnation, counter, begin, is_take=True, **more)


class WritesTest(unittest.TestCase):
    def objected(self, what, *writes):
        problems = check_writes(writes).problems
        self.assertTrue(any(what in problem for problem in problems), problems)

    def test_accepts_two_epochs_and_a_late_checkpoint_that_is_refused(self):
        got = check_writes([write("init", 10, 0), take("x", 11, 1), write("x", 12, 2), take("y", 20, 5),
                            write("x", 13, 3, 6, checkpoint="7", is_applied=False), write("y", 21, 7, checkpoint="8")])
        self.assertEqual((got.problems, got.applied, got.takes, got.refused, got.late_checkpoints), ([], 5, 2, 1, 1))

    def test_a_refused_write_of_the_same_life_is_not_late(self):
        got = check_writes([take("x", 11, 1), write("x", 12, 2), write("x", 12, 2, is_applied=False),
                            write("y", 13, 3, is_applied=False, checkpoint=None)])
        self.assertEqual((got.problems, got.late_checkpoints), ([], 0))

    def test_objects_to_a_write_of_an_old_epoch(self):
        self.objected("in the epoch of y", take("x", 11, 1), take("y", 12, 2), write("x", 13, 3))

    def test_objects_to_a_write_that_puts_the_counter_back(self):
        self.objected("after a greater one", take("x", 11, 1), take("y", 20, 2), write("x", 12, 3))

    def test_objects_to_two_writes_of_one_counter(self):
        self.objected("two writes", take("x", 11, 1), write("x", 12, 2), take("y", 12, 2))

    def test_objects_to_a_checkpoint_that_goes_back(self):
        self.objected("back to", take("x", 11, 1, checkpoint="9"), write("x", 12, 2, checkpoint="8"))

    def test_objects_to_a_write_that_rests_on_less_than_the_row(self):
        for missing in sorted(WHOLE_ROW):
            for is_applied in (True, False):
                self.objected(f"whatever is {missing}", take("x", 11, 1),
                              write("x", 12, 2, is_applied=is_applied, rests_on=WHOLE_ROW - {missing}))
        self.objected("leaseCounter and leaseOwner", take("x", 11, 1, rests_on=frozenset(("kclppToken",))))
        self.objected("leaseKey", write("x", 11, 1, is_create=True))
        of_java = take("x", 11, 1, rests_on=WHOLE_ROW - {"kclppToken"})
        created = write("x", 10, 0, is_create=True, rests_on=frozenset(("leaseKey",)))
        self.assertEqual(check_writes([created, of_java]).problems, [])

    def test_reads_what_the_proxy_saw(self):
        request = {"Key": {"leaseKey": {"S": "a"}},
                   "ConditionExpression": "#n1 = :v0 AND #n2 = :v1 AND #n3 = :v2",
                   "UpdateExpression": "SET #n1 = :v3, #n3 = :v4, #n4 = :v5 REMOVE #n7",
                   "ExpressionAttributeNames": {"#n1": "leaseCounter", "#n2": "leaseOwner", "#n3": "kclppToken",
                                                "#n4": "checkpoint"},
                   "ExpressionAttributeValues": {":v3": {"N": "12"}, ":v4": {"S": "x:12:3"}, ":v5": {"S": "7"}}}
        applied = {"request": json.dumps(request), "status": 200, "time": 1, "end": 2,
                   "answer": json.dumps({"Attributes": {"checkpoint": {"S": "7"}}})}
        self.assertEqual(write_of(applied), Write("a", 1, 2, True, 12, "x", False, False, "7", WHOLE_ROW))
        refused = {**applied, "status": 400, "answer": '{"__type": "com#ConditionalCheckFailedException"}'}
        self.assertEqual(write_of(refused), Write("a", 1, 2, False, 12, "x", False, False, "7", WHOLE_ROW))
        self.assertIsNone(write_of({**applied, "status": 400, "answer": '{"__type": "com#ThrottlingException"}'}))
        self.assertIsNone(write_of({"request": json.dumps(request), "status": None, "time": 1}))


class CallsTest(unittest.TestCase):
    CALLS = [Call("w1", "a", 1, 1.0), Call("w1", "a", 1, 2.0), Call("w2", "a", 2, 5.0), Call("w2", "a", 2, 6.0)]

    def test_accepts_epochs_that_follow_each_other(self):
        got = check_calls(self.CALLS, {})
        self.assertEqual((got.problems, got.calls, got.epochs), ([], 4, 2))

    def test_accepts_one_of_a_worker_that_was_paused(self):
        got = check_calls([*self.CALLS, Call("w1", "a", 1, 5.5)], {"w1": [(3.0, 5.4)]})
        self.assertEqual((got.problems, got.late_after_pause), ([], 1))

    def test_objects_to_one_of_an_old_epoch(self):
        for pauses in ({}, {"w1": [(3.0, 4.0)]}, {"w2": [(3.0, 5.4)]}):
            self.assertIn("began a call of epoch 1", check_calls([*self.CALLS, Call("w1", "a", 1, 5.5)],
                                                                pauses).problems[0])

    def test_another_shard_has_epochs_of_its_own(self):
        self.assertEqual(check_calls([*self.CALLS, Call("w1", "b", 1, 5.5)], {}).problems, [])

    def test_objects_to_one_while_nobody_can_have_renewed(self):
        self.assertEqual(check_calls(self.CALLS, {}, [(2.5, 5.0)], 2).problems, [])
        self.assertEqual(check_calls(self.CALLS, {}, [(1.5, 5.0)], 2).problems, [])
        self.assertIn("renew", check_calls(self.CALLS, {}, [(2.5, 5.5)], 2).problems[0])


if __name__ == "__main__":
    unittest.main()
