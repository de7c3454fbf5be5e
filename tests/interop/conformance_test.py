#!/usr/bin/env python3
"""conformance.py against `kclpp local`, which must pass all of it, and against kinesis-local, whose differences are
listed here: a difference that is gone, or that nobody has listed, is a failure too.

usage: conformance_test.py KCLPP [TEST...]
"""
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../integration/aws"))
sys.dont_write_bytecode = True

import conformance
import conformance_fan_out  # registers its cases
from kinesis_client import Client, data_of
from local_server import LocalServer
from servers import Servers

PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else None

# Case -> what kinesis-local 0.6.2 does, and what AWS documents.
KINESIS_LOCAL = {
    "a_consumer_may_be_named_in_every_way_at_once":
        "a name beside the ARN is not looked at; DescribeStreamConsumer: as long as they do not conflict",
    "a_number_of_no_record_is_no_place_to_begin":
        "ResourceNotFoundException; GetShardIterator: InvalidArgumentException for an invalid sequence number",
    "a_page_has_as_many_shards_as_are_asked_for": "100 at most; ListShards, MaxResults: up to 1,000",
    "a_put_has_at_most_500_records": "any number is taken; PutRecords, Records: 1 to 500",
    "a_record_has_at_most_one_mebibyte":
        "the key does not count; PutRecord: the limit is on the data and the partition key together",
    "a_second_subscription_is_refused_for_five_seconds":
        "it begins, and fails by an event; SubscribeToShard: a call gets ResourceInUseException",
    "a_second_subscription_takes_over_after_five_seconds":
        "ResourceInUseException as long as the first lives; SubscribeToShard: the second call takes over",
    "a_shard_serves_five_reads_a_second": "no limit; Developer Guide, quotas: 5 read transactions per second",
    "a_shard_takes_a_thousand_records_a_second": "no limit; Developer Guide, quotas: 1,000 records per second",
    "a_shard_that_is_not_there_or_is_closed_is_not_split":
        "ResourceInUseException; SplitShard: that is for a stream which is not ACTIVE",
    "a_split_closes_its_shard_and_opens_two":
        "a constant ends every closed shard, below where it starts; SequenceNumberRange: the end of the range",
    "a_stream_may_be_told_from_another_of_its_name_by_its_creation":
        "StreamCreationTimestamp is not looked at; ListShards: it says which of two streams of one name is meant",
    "a_stream_on_demand_is_not_resharded_by_its_users":
        "it is; SplitShard, UpdateShardCount: ValidationException for streams on demand",
    "a_subscription_begins_with_an_initial_response":
        "the first frame is an event; Smithy, event streams: RPC protocols send an initial-response before",
    "a_subscription_ends_with_the_children_of_a_shard_that_ends":
        "events go on, without children; SubscribeToShardEvent, ChildShards: at the end of the shard",
    "a_subscription_fails_when_its_consumer_goes":
        "events go on; SubscribeToShardEventStream: ResourceNotFoundException",
    "a_subscription_that_ended_stands_in_the_way_no_longer_than_one_that_lives":
        "its end is noticed late; SubscribeToShard: 5 seconds after a successful call the next one takes over",
    "an_operation_that_is_not_there_is_unknown":
        "AccessDeniedException; Common errors: the action is not valid",
    "at_trim_horizon_are_the_shards_that_were_open_there":
        "all shards; ShardFilter, AT_TRIM_HORIZON: the shards that were open at TRIM_HORIZON",
    "cbor_carries_bytes_as_bytes_and_times_as_tagged_milliseconds":
        "bytes are a text of base64, times have no tag; AWS's SDKs for Java read and write byte strings and tag 1",
    "garbage_is_no_iterator": "HTTP 500 without a body; GetRecords: InvalidArgumentException",
    "in_cbor_a_subscription_brings_bytes_as_bytes": "a text of base64; as for GetRecords",
    "members_that_are_not_there_are_left_out": "explicit nulls; the examples of ListShards leave them out",
    "pages_keep_the_filter": "only the first page is filtered; ListShards, NextToken: continues the same listing",
    "requests_are_validated_before_they_are_served":
        "SerializationException and others; Common errors: ValidationException",
    "silence_on_a_subscription_is_an_event_without_records":
        "the next subscription is refused while it takes this one to live; as for the one that ended",
    "what_is_not_there_is_not_subscribed_to":
        "the stream begins; SubscribeToShard: a call gets ResourceNotFoundException",
}


def failures(url):
    """case -> why it failed"""
    failed = {}
    for name, case in conformance.CASES.items():
        client = Client(url)
        try:
            case(client)
        except Exception as failure:  # whatever it is: it is the case's verdict
            failed[name] = f"{type(failure).__name__}: {failure}"
        finally:
            client.close()
    return failed


class OnKclppLocal(unittest.TestCase):
    def test_every_case(self):
        with LocalServer(PROGRAM) as server:
            self.assertEqual(failures(server.url), {})

    def test_a_subscription_ends_after_its_lifetime_and_goes_on_in_the_next(self):
        """On AWS after five minutes."""
        with LocalServer(PROGRAM, "--subscription-lifetime", "2") as server:
            client = Client(server.url)
            self.addCleanup(client.close)
            consumer = conformance_fan_out.Consumer(client)
            consumer.stream.put(b"a")
            with consumer.subscribe() as subscription:
                last = conformance_fan_out.with_records(subscription)
                while (event := subscription.event()) is not None:
                    last = event
            consumer.stream.put(b"b")
            with consumer.subscribe_later("AFTER_SEQUENCE_NUMBER",
                                          SequenceNumber=last["ContinuationSequenceNumber"]) as again:
                self.assertEqual(data_of(conformance_fan_out.with_records(again)["Records"]), [b"b"])


class OnKinesisLocal(unittest.TestCase):
    maxDiff = None

    def test_every_case_but_the_listed_differences(self):
        with tempfile.TemporaryDirectory() as folder, Servers(folder) as servers:
            failed = failures(servers.kinesis_url)
        for name, why in failed.items():
            print(f"{name}: {why[:300]}", file=sys.stderr)
        self.assertEqual(sorted(failed), sorted(KINESIS_LOCAL))


if __name__ == "__main__":
    unittest.main()
