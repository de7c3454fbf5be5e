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
from kinesis_client import Client
from local_server import LocalServer
from servers import Servers

PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else None

# Case -> what kinesis-local 0.6.2 does, and what AWS documents.
KINESIS_LOCAL = {
    "a_number_of_no_record_is_no_place_to_begin":
        "ResourceNotFoundException; GetShardIterator: InvalidArgumentException for an invalid sequence number",
    "a_page_has_as_many_shards_as_are_asked_for": "100 at most; ListShards, MaxResults: up to 10,000",
    "a_put_has_at_most_500_records": "any number is taken; PutRecords, Records: 1 to 500",
    "a_record_has_at_most_one_mebibyte":
        "the key does not count; PutRecord: the limit is on the data and the partition key together",
    "a_shard_serves_five_reads_a_second": "no limit; Developer Guide, quotas: 5 read transactions per second",
    "a_shard_takes_a_thousand_records_a_second": "no limit; Developer Guide, quotas: 1,000 records per second",
    "a_shard_that_is_not_there_or_is_closed_is_not_split":
        "ResourceInUseException; SplitShard: that is for a stream which is not ACTIVE",
    "a_split_closes_its_shard_and_opens_two":
        "a constant ends every closed shard, below where it starts; SequenceNumberRange: the end of the range",
    "an_operation_that_is_not_there_is_unknown":
        "AccessDeniedException; Common errors: the action is not valid",
    "at_trim_horizon_are_the_shards_that_were_open_there":
        "all shards; ShardFilter, AT_TRIM_HORIZON: the shards that were open at TRIM_HORIZON",
    "cbor_carries_bytes_as_bytes_and_times_as_tagged_milliseconds":
        "bytes are a text of base64, times have no tag; AWS's SDKs for Java read and write byte strings and tag 1",
    "garbage_is_no_iterator": "HTTP 500 without a body; GetRecords: InvalidArgumentException",
    "members_that_are_not_there_are_left_out": "explicit nulls; the examples of ListShards leave them out",
    "pages_keep_the_filter": "only the first page is filtered; ListShards, NextToken: continues the same listing",
    "requests_are_validated_before_they_are_served":
        "SerializationException and others; Common errors: ValidationException",
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
        # Each case creates a stream, more per second than an account may.
        with LocalServer(PROGRAM, "--shard-limit", "10000") as server:
            self.assertEqual(failures(server.url), {})


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
