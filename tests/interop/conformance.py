"""What Amazon Kinesis Data Streams is documented to do, as cases that any server can be held against: each function is
one case. It gets a Stream factory and raises when the server does otherwise. Source: API Reference (2013-12-02) and
Developer Guide; a case quotes the page where the behaviour is not obvious."""
import base64
import hashlib
import itertools
import json
import time

from kinesis_client import Client, Refused, Tagged, data_of

SPACE = 1 << 128
_names = itertools.count(1)
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def until(done, what, seconds=20):
    end = time.monotonic() + seconds
    while not (result := done()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)
    return result


def refuses(code, function, *arguments, **members):
    try:
        answer = function(*arguments, **members)
    except Refused as refused:
        assert refused.code == code, f"{refused}, not {code}"
    else:
        raise AssertionError(f"answered {answer!r} instead of {code}")


class Stream:
    """A stream of its own, ACTIVE, and short forms of calls on it."""

    def __init__(self, client, shards=1, **members):
        self.client, self.name = client, f"conformance-{next(_names)}"
        self.call("CreateStream", **(members or {"ShardCount": shards}))
        self.active()
        self.arn = self.summary()["StreamARN"]

    def call(self, operation, **members):
        return self.client.call(operation, StreamName=self.name, **members)

    def summary(self):
        return self.call("DescribeStreamSummary")["StreamDescriptionSummary"]

    def active(self):
        until(lambda: self.summary()["StreamStatus"] == "ACTIVE", "the stream is ACTIVE")

    def shards(self, **members):
        return self.call("ListShards", **members)["Shards"]

    def listed(self, **members):
        return [int(shard["ShardId"][-12:]) for shard in self.shards(**members)]

    def put(self, data, key="key", **members):
        return self.call("PutRecord", PartitionKey=key, Data=base64.b64encode(data).decode(), **members)

    def iterator(self, kind="TRIM_HORIZON", shard=0, **members):
        return self.call("GetShardIterator", ShardId=f"shardId-{shard:012}", ShardIteratorType=kind,
                         **members)["ShardIterator"]

    def read(self, iterator, **members):
        """Waits out the five reads a second."""
        def attempt():
            try:
                return self.client.call("GetRecords", ShardIterator=iterator, **members)
            except Refused as refused:
                if refused.code != "ProvisionedThroughputExceededException":
                    raise
        return until(attempt, "a read is served")

    def data(self, *arguments, **members):
        return data_of(self.read(self.iterator(*arguments, **members))["Records"])

    def split(self, shard=0):
        found = next(one for one in self.shards() if one["ShardId"] == f"shardId-{shard:012}")
        keys = found["HashKeyRange"]
        middle = (int(keys["StartingHashKey"]) + int(keys["EndingHashKey"])) // 2 + 1
        self.call("SplitShard", ShardToSplit=found["ShardId"], NewStartingHashKey=str(middle))
        self.active()

    def merge(self, shard, adjacent):
        self.call("MergeShards", ShardToMerge=f"shardId-{shard:012}", AdjacentShardToMerge=f"shardId-{adjacent:012}")
        self.active()


# --- streams ---

@case
def shards_of_a_new_stream_share_the_hash_space_evenly(client):
    ranges = [shard["HashKeyRange"] for shard in Stream(client, 3).shards()]
    starts = [int(one["StartingHashKey"]) for one in ranges]
    ends = [int(one["EndingHashKey"]) for one in ranges]
    assert starts[0] == 0 and ends[-1] == SPACE - 1
    assert [end + 1 for end in ends[:-1]] == starts[1:]
    assert max(e - s for s, e in zip(starts, ends)) - min(e - s for s, e in zip(starts, ends)) <= 3


@case
def a_stream_is_created_once(client):
    refuses("ResourceInUseException", Stream(client).call, "CreateStream", ShardCount=1)


@case
def a_stream_that_is_not_there_is_not_found(client):
    for operation in ("DescribeStreamSummary", "DescribeStream", "ListShards"):
        refuses("ResourceNotFoundException", client.call, operation, StreamName="conformance-none")


@case
def a_stream_is_found_by_its_arn(client):
    stream = Stream(client, 2)
    assert len(client.call("ListShards", StreamARN=stream.arn)["Shards"]) == 2


@case
def streams_are_listed(client):
    stream = Stream(client)
    assert stream.name in client.call("ListStreams", Limit=100)["StreamNames"]


@case
def a_deleted_stream_goes_and_its_name_is_free(client):
    stream = Stream(client)
    stream.call("DeleteStream")

    def gone():
        try:
            stream.summary()
        except Refused as refused:
            return refused.code == "ResourceNotFoundException"
    until(gone, "the stream is gone")
    stream.call("CreateStream", ShardCount=1)


@case
def retention_goes_up_and_down_within_24_and_8760_hours(client):
    stream = Stream(client)
    refuses("InvalidArgumentException", stream.call, "IncreaseStreamRetentionPeriod", RetentionPeriodHours=8761)
    stream.call("IncreaseStreamRetentionPeriod", RetentionPeriodHours=48)
    stream.active()
    assert stream.summary()["RetentionPeriodHours"] == 48
    refuses("InvalidArgumentException", stream.call, "IncreaseStreamRetentionPeriod", RetentionPeriodHours=24)
    stream.call("DecreaseStreamRetentionPeriod", RetentionPeriodHours=24)


# --- records ---

@case
def a_record_comes_back_as_it_was_put(client):
    stream, data = Stream(client), bytes(range(256))
    put = stream.put(data, key="k\u00e9\"\\\n")
    record, = stream.read(stream.iterator())["Records"]
    assert base64.b64decode(record["Data"]) == data and record["PartitionKey"] == "k\u00e9\"\\\n"
    assert record["SequenceNumber"] == put["SequenceNumber"] and put["ShardId"] == "shardId-000000000000"
    assert abs(record["ApproximateArrivalTimestamp"] - time.time()) < 60


@case
def cbor_carries_bytes_as_bytes_and_times_as_tagged_milliseconds(client):
    stream, data = Stream(client), bytes(range(256))
    client.call_cbor("PutRecord", StreamName=stream.name, PartitionKey="k", Data=data)
    record, = client.call_cbor("GetRecords", ShardIterator=stream.iterator())["Records"]
    assert record["Data"] == data
    time_of = record["ApproximateArrivalTimestamp"]
    assert isinstance(time_of, Tagged) and time_of.tag == 1 and abs(time_of.value / 1000 - time.time()) < 60, time_of


@case
def records_are_put_together_in_their_order(client):
    stream = Stream(client)
    entries = [{"PartitionKey": "k", "Data": base64.b64encode(bytes([i])).decode()} for i in range(100)]
    answer = stream.call("PutRecords", Records=entries)
    assert answer["FailedRecordCount"] == 0
    numbers = [int(one["SequenceNumber"]) for one in answer["Records"]]
    assert numbers == sorted(set(numbers))
    assert stream.data() == [bytes([i]) for i in range(100)]


@case
def the_md5_of_a_partition_key_says_which_shard(client):
    stream = Stream(client, 4)
    for key in ("a", "b", "c", "d", "\u00e9"):
        number = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        assert stream.put(b"", key=key)["ShardId"] == f"shardId-{number * 4 // SPACE:012}"


@case
def an_explicit_hash_key_says_which_shard(client):
    stream = Stream(client, 2)
    assert stream.put(b"", ExplicitHashKey="0")["ShardId"] == "shardId-000000000000"
    assert stream.put(b"", ExplicitHashKey=str(SPACE - 1))["ShardId"] == "shardId-000000000001"
    refuses("InvalidArgumentException", stream.put, b"", ExplicitHashKey=str(SPACE))


@case
def iterators_begin_where_they_are_told(client):
    stream = Stream(client)
    first = stream.put(b"1")["SequenceNumber"]
    time.sleep(0.05)
    between = time.time()
    time.sleep(0.05)
    stream.put(b"2")
    latest = stream.iterator("LATEST")
    stream.put(b"3")
    assert stream.data() == [b"1", b"2", b"3"]
    assert data_of(stream.read(latest)["Records"]) == [b"3"]
    assert stream.data("AT_SEQUENCE_NUMBER", StartingSequenceNumber=first) == [b"1", b"2", b"3"]
    assert stream.data("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=first) == [b"2", b"3"]
    assert data_of(stream.read(stream.iterator("AT_TIMESTAMP", Timestamp=between))["Records"]) == [b"2", b"3"]


@case
def reading_goes_on_with_the_next_iterator(client):
    stream = Stream(client)
    for i in range(3):
        stream.put(bytes([i]))
    page = stream.read(stream.iterator(), Limit=2)
    assert data_of(page["Records"]) == [b"\0", b"\1"]
    page = stream.read(page["NextShardIterator"])
    assert data_of(page["Records"]) == [b"\2"] and page["MillisBehindLatest"] == 0


@case
def garbage_is_no_iterator(client):
    refuses("InvalidArgumentException", client.call, "GetRecords", ShardIterator="garbage")


@case
def a_number_of_no_record_is_no_place_to_begin(client):
    stream = Stream(client, 2)
    of_the_other = stream.put(b"", ExplicitHashKey=str(SPACE - 1))["SequenceNumber"]
    stream.put(b"", ExplicitHashKey="0")
    refuses("InvalidArgumentException", stream.iterator, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=of_the_other)


@case
def requests_are_validated_before_they_are_served(client):
    stream = Stream(client)
    refuses("ValidationException", stream.call, "PutRecord", Data="")
    refuses("ValidationException", stream.put, b"", key="")
    refuses("ValidationException", stream.put, b"", key="k" * 257)
    refuses("ValidationException", stream.iterator, "SOMETIME")


@case
def a_put_has_at_most_500_records(client):
    entries = [{"PartitionKey": "k", "Data": ""}] * 501
    refuses("ValidationException", Stream(client).call, "PutRecords", Records=entries)


@case
def a_record_has_at_most_one_mebibyte(client):
    stream = Stream(client)
    refuses("InvalidArgumentException", stream.put, b"x" * (1 << 20), key="k")
    stream.put(b"x" * ((1 << 20) - 1), key="k")


# --- limits ---

@case
def a_shard_serves_five_reads_a_second(client):
    stream = Stream(client)
    iterator, codes = stream.iterator(), []
    for _ in range(30):
        try:
            client.call("GetRecords", ShardIterator=iterator)
        except Refused as refused:
            codes.append(refused.code)
    assert codes and set(codes) == {"ProvisionedThroughputExceededException"}, codes


@case
def a_shard_takes_a_thousand_records_a_second(client):
    stream = Stream(client)
    entries = [{"PartitionKey": "k", "Data": ""}] * 500
    failed = sum(stream.call("PutRecords", Records=entries)["FailedRecordCount"] for _ in range(4))
    assert failed > 0


# --- resharding ---

@case
def a_split_closes_its_shard_and_opens_two(client):
    stream = Stream(client)
    stream.split()
    parent, lower, upper = stream.shards()
    assert lower["ParentShardId"] == upper["ParentShardId"] == parent["ShardId"]
    numbers = parent["SequenceNumberRange"]
    assert int(numbers["EndingSequenceNumber"]) > int(numbers["StartingSequenceNumber"]), numbers
    assert int(lower["SequenceNumberRange"]["StartingSequenceNumber"]) > int(numbers["EndingSequenceNumber"])


@case
def a_merge_has_two_parents_and_greater_numbers(client):
    stream = Stream(client, 2)
    stream.merge(0, 1)
    first, second, child = stream.shards()
    assert {child["ParentShardId"], child["AdjacentParentShardId"]} == {first["ShardId"], second["ShardId"]}
    ends = [int(one["SequenceNumberRange"]["EndingSequenceNumber"]) for one in (first, second)]
    assert int(child["SequenceNumberRange"]["StartingSequenceNumber"]) > max(ends)


@case
def a_closed_shard_ends_with_its_children(client):
    stream = Stream(client)
    stream.put(b"last")
    stream.split()
    seen, iterator = [], stream.iterator()
    while iterator:
        page = stream.read(iterator)
        seen += data_of(page["Records"])
        iterator = page.get("NextShardIterator")
    assert seen == [b"last"]
    assert [child["ShardId"] for child in page["ChildShards"]] == ["shardId-000000000001", "shardId-000000000002"]
    assert page["ChildShards"][0]["ParentShards"] == ["shardId-000000000000"]


@case
def only_active_streams_are_resharded(client):
    stream = Stream(client, 2)
    stream.call("MergeShards", ShardToMerge="shardId-000000000000", AdjacentShardToMerge="shardId-000000000001")
    refuses("ResourceInUseException", stream.call, "MergeShards", ShardToMerge="shardId-000000000000",
            AdjacentShardToMerge="shardId-000000000001")
    stream.put(b"served meanwhile")
    stream.active()


@case
def a_shard_that_is_not_there_or_is_closed_is_not_split(client):
    stream = Stream(client)
    stream.split()
    refuses("ResourceNotFoundException", stream.call, "SplitShard", ShardToSplit="shardId-000000000009",
            NewStartingHashKey="5")
    refuses("InvalidArgumentException", stream.call, "SplitShard", ShardToSplit="shardId-000000000000",
            NewStartingHashKey="5")


@case
def a_stream_on_demand_is_not_resharded_by_its_users(client):
    """SplitShard and others: "only supported for the data streams with the provisioned capacity mode"."""
    stream = Stream(client, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    refuses("ValidationException", stream.call, "UpdateShardCount", TargetShardCount=8, ScalingType="UNIFORM_SCALING")
    refuses("ValidationException", stream.call, "SplitShard", ShardToSplit="shardId-000000000000",
            NewStartingHashKey="5")


@case
def a_count_of_shards_is_at_most_doubled_or_halved(client):
    stream = Stream(client, 4)
    for count in (9, 1):
        refuses("InvalidArgumentException", stream.call, "UpdateShardCount", TargetShardCount=count,
                ScalingType="UNIFORM_SCALING")
    answer = stream.call("UpdateShardCount", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (4, 2)
    stream.active()
    assert stream.summary()["OpenShardCount"] == 2


# --- listing ---

@case
def listings_are_filtered(client):
    stream = Stream(client, 2)
    time.sleep(1.1)  # some servers compare whole seconds
    before = time.time()
    time.sleep(1.1)
    stream.split(1)
    time.sleep(1.1)
    after = time.time()
    for members, expected in (({"Type": "AT_LATEST"}, [0, 2, 3]),
                              ({"Type": "FROM_TRIM_HORIZON"}, [0, 1, 2, 3]),
                              ({"Type": "AT_TIMESTAMP", "Timestamp": before}, [0, 1]),
                              ({"Type": "FROM_TIMESTAMP", "Timestamp": after}, [0, 2, 3]),
                              ({"Type": "AFTER_SHARD_ID", "ShardId": "shardId-000000000001"}, [2, 3])):
        assert stream.listed(ShardFilter=members) == expected, (members, stream.listed(ShardFilter=members))


@case
def at_trim_horizon_are_the_shards_that_were_open_there(client):
    stream = Stream(client, 2)
    time.sleep(1.1)
    stream.split(1)
    assert stream.listed(ShardFilter={"Type": "AT_TRIM_HORIZON"}) == [0, 1]


@case
def pages_keep_the_filter(client):
    stream = Stream(client, 2)
    stream.split(1)
    page = stream.call("ListShards", MaxResults=1, ShardFilter={"Type": "AT_LATEST"})
    seen = page["Shards"]
    while page.get("NextToken"):
        page = client.call("ListShards", MaxResults=1, NextToken=page["NextToken"])
        seen += page["Shards"]
    assert [int(shard["ShardId"][-12:]) for shard in seen] == [0, 2, 3]


@case
def a_page_has_as_many_shards_as_are_asked_for(client):
    """ListShards: up to 1,000; DescribeStream: up to 100."""
    stream = Stream(client, 120)
    assert len(stream.shards(MaxResults=110)) == 110
    described = stream.call("DescribeStream", Limit=110)["StreamDescription"]
    assert len(described["Shards"]) == 100 and described["HasMoreShards"]


@case
def a_stream_may_be_told_from_another_of_its_name_by_its_creation(client):
    stream = Stream(client)
    created = int(stream.summary()["StreamCreationTimestamp"])
    assert len(stream.shards(StreamCreationTimestamp=created)) == 1
    refuses("ResourceNotFoundException", stream.shards, StreamCreationTimestamp=created - 60)


@case
def a_token_says_by_itself_which_stream(client):
    stream = Stream(client, 2)
    token = stream.call("ListShards", MaxResults=1)["NextToken"]
    refuses("InvalidArgumentException", stream.call, "ListShards", NextToken=token)
    assert len(client.call("ListShards", NextToken=token)["Shards"]) == 1


# --- the protocol ---

@case
def an_operation_that_is_not_there_is_unknown(client):
    refuses("UnknownOperationException", client.call, "GetRecord")


@case
def what_is_no_document_cannot_be_read(client):
    status, _, body = client.raw("ListStreams", "{")
    assert status == 400 and json.loads(body)["__type"] == "SerializationException", (status, body)


@case
def another_content_type_is_not_spoken(client):
    assert client.raw("ListStreams", "{}", "text/plain")[0] == 404


@case
def every_answer_has_a_request_id(client):
    assert client.raw("ListStreams", "{}")[1]["x-amzn-RequestId"]


@case
def members_that_are_not_there_are_left_out(client):
    stream = Stream(client)
    assert "NextToken" not in stream.call("ListShards")
    assert "ParentShardId" not in stream.shards()[0]
    assert "EndingSequenceNumber" not in stream.shards()[0]["SequenceNumberRange"]


__all__ = ["CASES", "Client"]
