"""A fleet whose way to the servers breaks now and then, in each way that fault_proxy.py knows: what checker.py checks
must hold, and what is shorter than half of the failover time must cost no lease.

usage: faults_test.py KCLPP [unittest arguments]

KCLPP_TEST_SEED seeds the chance of the faults (1).
"""
import sys
import threading

sys.dont_write_bytecode = True

from faults_case import FAILOVER_SECONDS, FaultsTest
from fleet_case import main

# Of the reads of a shard, there are many; of the writes that keep a lease, few: their faults must be seen at all.
READS, WRITES = 0.03, 0.15


class Dynamodb(FaultsTest):
    """What happens to the writes of leases and checkpoints."""

    def writes(self, fault, **rule):
        self.dynamodb.rules = [{"operation": "UpdateItem", "fault": fault, "probability": WRITES, **rule}]
        polls = self.run_fleet(seconds=FAILOVER_SECONDS)
        self.spoiled(self.dynamodb)
        self.assert_no_lease_lost(polls)

    def test_answers_lost_after_the_commit(self):
        self.writes("lost_answer")

    def test_resets_before_the_commit(self):
        self.writes("reset_before")

    def test_resets_after_the_commit(self):
        self.writes("reset_after")

    def test_stalls_before_the_commit(self):
        self.writes("stall_before", seconds=FAILOVER_SECONDS / 4)

    def test_stalls_after_the_commit(self):
        self.writes("stall_after", seconds=FAILOVER_SECONDS / 4)

    def test_truncated_answers(self):
        self.writes("truncated")

    def test_oversized_answers(self):
        self.writes("oversized")

    def test_wrong_checksums(self):
        self.writes("wrong_crc32")

    def test_wrong_lengths(self):
        self.writes("wrong_length")

    def test_server_errors(self):
        self.writes("error", error="InternalServerError", status=500)

    def test_server_errors_after_the_commit(self):
        self.writes("error", error="InternalServerError", status=500, commit=True)

    def test_garbage(self):
        self.writes("garbage", status=503)

    def test_throttles(self):
        self.writes("error", error="ProvisionedThroughputExceededException")

    def test_throttles_of_the_account(self):
        self.writes("error", error="RequestLimitExceeded")

    def test_credentials_that_are_refused_for_a_moment(self):
        self.writes("error", error="ExpiredTokenException")

    def test_a_brown_out_shorter_than_half_the_failover_time(self):
        # Everything at once, again and again, with room to recover between.
        whole = {"fault": "error", "error": "InternalServerError", "status": 500}
        stop = threading.Event()

        def brown_outs():
            while not stop.wait(FAILOVER_SECONDS):
                self.dynamodb.rules = [whole]
                stop.wait(FAILOVER_SECONDS / 2 - 1)
                self.dynamodb.rules = []

        thread = threading.Thread(target=brown_outs)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)
        polls = self.run_fleet(seconds=2 * FAILOVER_SECONDS)
        self.spoiled(self.dynamodb)
        self.assert_no_lease_lost(polls)

    def test_a_table_that_is_not_found_by_mistake(self):
        self.writes("error", error="ResourceNotFoundException", count=3, skip=20)


class Kinesis(FaultsTest):
    """What happens to the reads of records and of the shards' list."""

    def reads(self, fault, **rule):
        self.kinesis.rules = [
            {"operation": "GetRecords", "fault": fault, "probability": READS, **rule},
            {"operation": "GetShardIterator", "fault": fault, "probability": 0.2, **rule},
            {"operation": "ListShards", "skip": 1, "fault": fault, "probability": 0.2, **rule},
        ]
        polls = self.run_fleet()
        self.spoiled(self.kinesis)
        self.assert_no_lease_lost(polls)

    def test_resets(self):
        self.reads("reset_before")

    def test_lost_answers(self):
        self.reads("lost_answer")

    def test_stalls(self):
        self.reads("stall_after", seconds=2)

    def test_truncated_answers(self):
        self.reads("truncated")

    def test_wrong_lengths(self):
        self.reads("wrong_length")

    def test_skewed_dates(self):
        self.reads("skewed_date", seconds=-3600)

    def test_server_errors(self):
        self.reads("error", error="InternalFailure", status=500)

    def test_garbage(self):
        self.reads("garbage")

    def test_throttles(self):
        self.reads("error", error="ProvisionedThroughputExceededException")

    def test_limits(self):
        self.reads("error", error="LimitExceededException")

    def test_throttles_of_the_key_service(self):
        self.reads("error", error="KMSThrottlingException")

    def test_credentials_that_are_refused_for_a_moment(self):
        self.reads("error", error="ExpiredTokenException")

    def test_iterators_that_expire(self):
        self.kinesis.rules = [
            {"operation": "GetRecords", "fault": "error", "error": "ExpiredIteratorException", "probability": READS}]
        self.run_fleet()
        self.spoiled(self.kinesis)

    def test_a_shard_that_is_not_found_by_mistake_is_not_ended(self):
        self.kinesis.rules = [{"operation": "GetRecords", "fault": "error", "error": "ResourceNotFoundException",
                               "skip": 30, "count": 4}]
        polls = self.run_fleet()
        self.spoiled(self.kinesis)
        ended = [shard for poll in polls for shard, row in poll.rows.items() if row.checkpoint == "SHARD_END"]
        self.assertEqual(ended, [])


if __name__ == "__main__":
    main()
