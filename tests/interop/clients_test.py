#!/usr/bin/env python3
"""Clients that we did not write, on `kclpp local`: the AWS CLI, boto3, and AWS's SDK for JavaScript v3, the last also
through TLS and HTTP/2 (nghttpx in front), where it subscribes to a shard until that ends. A client that is not on this
machine is a test that says so and is not run (exit code 77).

usage: clients_test.py KCLPP [TEST...]
"""
import base64
import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from client_case import HERE, ClientTest, main, needed
from servers import local_aws, skip

UPPER_MIDDLE = str(3 << 126)


class AwsCli(ClientTest):
    def aws(self, *arguments, secret="local-secret"):
        got = subprocess.run(["aws", "--endpoint-url", self.server.url, "--output", "json", "kinesis", *arguments],
                             env={**self.environment(AWS_PAGER="", AWS_MAX_ATTEMPTS="3"),
                                  "AWS_SECRET_ACCESS_KEY": secret},
                             capture_output=True, text=True, timeout=120)
        if got.returncode != 0:
            raise RuntimeError(got.stderr)
        return json.loads(got.stdout) if got.stdout else None

    def test_writes_reads_and_reshards(self):
        needed("aws", "awscli")
        self.aws("create-stream", "--stream-name", "orders", "--shard-count", "2")
        self.aws("wait", "stream-exists", "--stream-name", "orders")
        data = os.path.join(self.folder, "data")
        with open(data, "wb") as file:
            file.write(b"\0\xff")
        # Version 1 of the CLI takes --data as it is, version 2 as base64: both read a file as it is.
        put = self.aws("put-record", "--stream-name", "orders", "--partition-key", "k", "--data", "fileb://" + data)
        iterator = self.aws("get-shard-iterator", "--stream-name", "orders", "--shard-id", put["ShardId"],
                            "--shard-iterator-type", "AT_SEQUENCE_NUMBER",
                            "--starting-sequence-number", put["SequenceNumber"])["ShardIterator"]
        record, = self.aws("get-records", "--shard-iterator", iterator)["Records"]
        self.assertEqual(base64.b64decode(record["Data"]), b"\0\xff")
        self.aws("split-shard", "--stream-name", "orders", "--shard-to-split", "shardId-000000000001",
                 "--new-starting-hash-key", UPPER_MIDDLE)
        shards = self.aws("list-shards", "--stream-name", "orders", "--shard-filter", "Type=AT_LATEST")["Shards"]
        self.assertEqual([int(shard["ShardId"][-12:]) for shard in shards], [0, 2, 3])

    def test_is_told_what_is_wrong(self):
        needed("aws", "awscli")
        with self.assertRaisesRegex(RuntimeError, "ResourceNotFoundException"):
            self.aws("describe-stream-summary", "--stream-name", "none")
        with self.assertRaisesRegex(RuntimeError, "InvalidSignatureException"):
            self.aws("list-streams", secret="guessed")


class Boto3(ClientTest):
    def setUp(self):
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            skip("boto3 is not on this machine; scripts/setup --full installs it (Debian: python3-boto3)")
        super().setUp()
        self.kinesis = boto3.client("kinesis", endpoint_url=self.server.url, region_name="us-east-1",
                                    aws_access_key_id="local", aws_secret_access_key="local-secret",
                                    config=Config(retries={"mode": "standard", "max_attempts": 5}))
        self.addCleanup(self.kinesis.close)
        self.kinesis.create_stream(StreamName="orders", ShardCount=1)
        self.active()

    def active(self):
        while self.kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"][
                "StreamStatus"] != "ACTIVE":
            time.sleep(0.05)

    def records(self, iterator):
        data = []
        while iterator:
            page = self.kinesis.get_records(ShardIterator=iterator)
            data += [record["Data"] for record in page["Records"]]
            if not page["Records"] and page["MillisBehindLatest"] == 0 and "NextShardIterator" in page:
                break
            iterator = page.get("NextShardIterator")
        return data, page

    def iterator(self, **members):
        return self.kinesis.get_shard_iterator(StreamName="orders", ShardId="shardId-000000000000",
                                               **members)["ShardIterator"]

    def test_writes_and_reads_to_the_end_of_a_shard(self):
        entries = [{"PartitionKey": "k", "Data": bytes([i]) * 100} for i in range(256)]
        answer = self.kinesis.put_records(StreamName="orders", Records=entries)
        self.assertEqual(answer["FailedRecordCount"], 0)
        self.kinesis.split_shard(StreamName="orders", ShardToSplit="shardId-000000000000",
                                 NewStartingHashKey=UPPER_MIDDLE)
        data, end = self.records(self.iterator(ShardIteratorType="TRIM_HORIZON"))
        self.assertEqual(data, [entry["Data"] for entry in entries])
        self.assertEqual(len(end["ChildShards"]), 2)

    def test_sees_exceptions_of_their_own_classes(self):
        exceptions = self.kinesis.exceptions
        with self.assertRaises(exceptions.ResourceInUseException):
            self.kinesis.create_stream(StreamName="orders", ShardCount=1)
        with self.assertRaises(exceptions.ResourceNotFoundException):
            self.kinesis.list_shards(StreamName="none")
        with self.assertRaises(exceptions.InvalidArgumentException):
            self.kinesis.get_records(ShardIterator="garbage")

    def test_pages_through_listings(self):
        self.kinesis.create_stream(StreamName="wide", ShardCount=25)
        time.sleep(0.3)
        # The paginator of list_shards sends StreamName with NextToken, which AWS refuses, and so does this server.
        pages = self.kinesis.get_paginator("describe_stream").paginate(StreamName="wide",
                                                                       PaginationConfig={"PageSize": 10})
        self.assertEqual([len(page["StreamDescription"]["Shards"]) for page in pages], [10, 10, 5])

    def test_starts_at_a_time(self):
        self.kinesis.put_record(StreamName="orders", PartitionKey="k", Data=b"before")
        # botocore sends whole seconds.
        middle = int(time.time()) + 1
        time.sleep(middle + 0.05 - time.time())
        self.kinesis.put_record(StreamName="orders", PartitionKey="k", Data=b"after")
        data, _ = self.records(self.iterator(ShardIteratorType="AT_TIMESTAMP", Timestamp=middle))
        self.assertEqual(data, [b"after"])


class JavaScriptSdk(ClientTest):
    def setUp(self):
        got = local_aws("install")
        self.assertEqual(got.returncode, 0, got.stderr)
        super().setUp()

    def run_sdk(self, url, *arguments, **extra):
        got = subprocess.run(["node", os.path.join(HERE, "../servers/interop.mjs"), *arguments],
                             env=self.environment(AWS_ENDPOINT_URL_KINESIS=url, **extra), capture_output=True,
                             text=True, timeout=120)
        self.assertEqual(got.returncode, 0, got.stderr)
        return json.loads(got.stdout)

    def test_over_plain_http(self):
        self.check(self.run_sdk(self.server.url, "http1"))

    def test_over_tls_and_http2(self):
        self.check(self.run_sdk(self.tls_front(), "http2", NODE_EXTRA_CA_CERTS=self.folder + "/cert.pem"))


if __name__ == "__main__":
    main()
