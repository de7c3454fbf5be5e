"""More of conformance.py: consumers, and what SubscribeToShard says on its stream."""
import time

from conformance import Stream, case, refuses, until
from kinesis_client import Refused, data_of
from subscription import Subscription

CONSUMERS_OF_A_STREAM = 20
SHARD = "shardId-000000000000"


class Consumer:
    """Of a stream of its own, ACTIVE."""

    def __init__(self, client, name="app"):
        self.client, self.stream = client, Stream(client)
        self.arn = register(self.stream, name)

    def subscribe(self, kind="TRIM_HORIZON", speaks_cbor=False, shard=SHARD, arn=None, **position):
        return Subscription(self.client.url, speaks_cbor, ConsumerARN=arn or self.arn, ShardId=shard,
                            StartingPosition={"Type": kind, **position})

    def subscribe_later(self, *arguments, **members):
        """Waits until the one before may be taken over."""
        def attempt():
            try:
                return self.subscribe(*arguments, **members)
            except Refused as refused:
                if refused.code not in ("ResourceInUseException", "LimitExceededException"):
                    raise
        return until(attempt, "a newer subscription takes over")


def register(stream, name):
    arn = stream.client.call("RegisterStreamConsumer", StreamARN=stream.arn, ConsumerName=name)["Consumer"][
        "ConsumerARN"]
    until(lambda: describe(stream.client, ConsumerARN=arn)["ConsumerStatus"] == "ACTIVE", "the consumer is ACTIVE")
    return arn


def describe(client, **members):
    return client.call("DescribeStreamConsumer", **members)["ConsumerDescription"]


def with_records(subscription):
    """The next event that is not empty."""
    while (event := subscription.event()) is not None:
        if event["Records"]:
            return event
    raise AssertionError("the stream ended without records")


# --- consumers ---

@case
def a_consumer_is_registered_described_listed_and_deregistered(client):
    stream = Stream(client)
    consumer = client.call("RegisterStreamConsumer", StreamARN=stream.arn, ConsumerName="app")["Consumer"]
    assert consumer["ConsumerStatus"] == "CREATING"
    assert consumer["ConsumerARN"].startswith(stream.arn + "/consumer/app:")
    arn = consumer["ConsumerARN"]
    until(lambda: describe(client, ConsumerARN=arn)["ConsumerStatus"] == "ACTIVE", "the consumer is ACTIVE")
    refuses("ResourceInUseException", client.call, "RegisterStreamConsumer", StreamARN=stream.arn, ConsumerName="app")
    listed = client.call("ListStreamConsumers", StreamARN=stream.arn)["Consumers"]
    assert [one["ConsumerName"] for one in listed] == ["app"]
    client.call("DeregisterStreamConsumer", StreamARN=stream.arn, ConsumerName="app")

    def gone():
        try:
            describe(client, ConsumerARN=arn)
        except Refused as refused:
            return refused.code == "ResourceNotFoundException"
    until(gone, "the consumer is gone")


@case
def a_consumer_may_be_named_in_every_way_at_once(client):
    """DescribeStreamConsumer: "You may also provide all three parameters, as long as they don't conflict"."""
    consumer = Consumer(client)
    stream = consumer.stream
    assert describe(client, ConsumerARN=consumer.arn, StreamARN=stream.arn, ConsumerName="app")["ConsumerName"] == "app"
    refuses("InvalidArgumentException", describe, client, ConsumerARN=consumer.arn, StreamARN=stream.arn,
            ConsumerName="other")


@case
def a_stream_has_at_most_twenty_consumers(client):
    stream = Stream(client)
    for number in range(CONSUMERS_OF_A_STREAM):
        register(stream, f"app-{number}")
    refuses("LimitExceededException", client.call, "RegisterStreamConsumer", StreamARN=stream.arn, ConsumerName="more")


# --- subscriptions ---

@case
def a_subscription_begins_with_an_initial_response(client):
    consumer = Consumer(client)
    consumer.stream.put(b"a")
    with consumer.subscribe() as subscription:
        assert subscription.content_type == "application/vnd.amazon.eventstream", subscription.content_type
        first, second = subscription.frame(), subscription.frame()
    assert (first.kind, first.type, first.document()) == ("event", "initial-response", {}), first.headers
    assert (second.kind, second.type) == ("event", "SubscribeToShardEvent"), second.headers


@case
def a_subscription_brings_what_is_there_and_what_comes(client):
    consumer = Consumer(client)
    numbers = [consumer.stream.put(b"a", key="k\u00e9")["SequenceNumber"]]
    with consumer.subscribe() as subscription:
        event = with_records(subscription)
        assert data_of(event["Records"]) == [b"a"] and event["Records"][0]["PartitionKey"] == "k\u00e9"
        assert event["ContinuationSequenceNumber"] == event["Records"][0]["SequenceNumber"] == numbers[0]
        assert event["MillisBehindLatest"] == 0 and not event.get("ChildShards")
        consumer.stream.put(b"b")
        consumer.stream.put(b"c")
        seen = []
        while seen != [b"b", b"c"]:
            seen += data_of(with_records(subscription)["Records"])
            assert seen == [b"b", b"c"][:len(seen)], seen


@case
def in_cbor_a_subscription_brings_bytes_as_bytes(client):
    consumer = Consumer(client)
    data = bytes(range(256))
    client.call_cbor("PutRecord", StreamName=consumer.stream.name, PartitionKey="k", Data=data)
    with consumer.subscribe(speaks_cbor=True) as subscription:
        record, = with_records(subscription)["Records"]
    assert record["Data"] == data


@case
def subscriptions_begin_where_they_are_told(client):
    consumer = Consumer(client)
    first = consumer.stream.put(b"1")["SequenceNumber"]
    time.sleep(0.05)
    between = time.time()
    time.sleep(0.05)
    consumer.stream.put(b"2")
    for position, expected in (({"kind": "AT_SEQUENCE_NUMBER", "SequenceNumber": first}, [b"1", b"2"]),
                               ({"kind": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": first}, [b"2"]),
                               ({"kind": "AT_TIMESTAMP", "Timestamp": between}, [b"2"])):
        # A consumer each, so that none waits for another's five seconds.
        arn = register(consumer.stream, position["kind"].lower())
        with consumer.subscribe(arn=arn, **position) as subscription:
            seen = []
            while seen != expected:
                seen += data_of(with_records(subscription)["Records"])
                assert seen == expected[:len(seen)], (position, seen)
    with consumer.subscribe("LATEST") as subscription:
        subscription.frame()  # it has begun
        consumer.stream.put(b"3")
        assert data_of(with_records(subscription)["Records"]) == [b"3"]


@case
def silence_on_a_subscription_is_an_event_without_records(client):
    """SubscribeToShardEvent: ContinuationSequenceNumber "captures your shard progress even when no data is written"."""
    consumer = Consumer(client)
    with consumer.subscribe("LATEST") as subscription:
        event = subscription.event()
    assert event["Records"] == [] and event["MillisBehindLatest"] == 0
    with consumer.subscribe_later("AFTER_SEQUENCE_NUMBER", SequenceNumber=event["ContinuationSequenceNumber"]) as again:
        consumer.stream.put(b"a")
        assert data_of(with_records(again)["Records"]) == [b"a"]


@case
def a_subscription_ends_with_the_children_of_a_shard_that_ends(client):
    consumer = Consumer(client)
    consumer.stream.put(b"last")
    consumer.stream.split()
    seen = []
    with consumer.subscribe() as subscription:
        while (event := subscription.event()) and not event.get("ChildShards"):
            seen += data_of(event["Records"])
        assert event, "the stream ended without children"
        seen += data_of(event["Records"])
        assert subscription.event() is None, "the stream goes on after the end of the shard"
    assert seen == [b"last"] and not event.get("ContinuationSequenceNumber")
    assert [child["ShardId"] for child in event["ChildShards"]] == ["shardId-000000000001", "shardId-000000000002"]
    assert event["ChildShards"][0]["ParentShards"] == [SHARD]


@case
def a_second_subscription_is_refused_for_five_seconds(client):
    """SubscribeToShard: "again ... within 5 seconds of a successful call, you'll get a ResourceInUseException"."""
    consumer = Consumer(client)
    with consumer.subscribe():
        refuses("ResourceInUseException", consumer.subscribe)


@case
def a_subscription_that_ended_stands_in_the_way_no_longer_than_one_that_lives(client):
    consumer = Consumer(client)
    consumer.subscribe().close()
    with consumer.subscribe_later() as again:
        assert again.event() is not None


@case
def a_second_subscription_takes_over_after_five_seconds(client):
    """SubscribeToShard: "the second call takes over the subscription and the previous connection expires or fails with
    a ResourceInUseException"."""
    consumer = Consumer(client)
    with consumer.subscribe() as old, consumer.subscribe_later() as new:
        consumer.stream.put(b"a")
        assert data_of(with_records(new)["Records"]) == [b"a"]
        try:
            while (event := old.event()) is not None:
                assert not event["Records"], "both bring records"
        except Refused as refused:
            assert refused.code == "ResourceInUseException", refused


@case
def a_subscription_fails_when_its_consumer_goes(client):
    consumer = Consumer(client)
    with consumer.subscribe() as subscription:
        subscription.frame()
        client.call("DeregisterStreamConsumer", ConsumerARN=consumer.arn)

        def to_the_end():
            while subscription.event() is not None:
                pass
        refuses("ResourceNotFoundException", to_the_end)


@case
def what_is_not_there_is_not_subscribed_to(client):
    consumer = Consumer(client)
    refuses("ResourceNotFoundException", consumer.subscribe, arn=consumer.arn.replace("/app:", "/nobody:"))
    refuses("ResourceNotFoundException", consumer.subscribe, shard="shardId-000000000007")
