// Writes, reads, reshards and subscribes by AWS's own SDK, on the server in the environment, and tells on stdout what
// came of it, as one line of JSON. The argument is http1 or http2.

import { Usage, kinesis, kinesisApi as api, kinesisOverHttp2, run, sleep } from './sdk.mjs';

const clients = { http1: kinesis, http2: kinesisOverHttp2 };
const StreamName = 'interop';
const ShardId = 'shardId-000000000000';
const data = Array.from({ length: 300 }, (_, i) => Buffer.from(`record ${i} ${'x'.repeat(i)}`));
const same = (records) => records.length === data.length && records.every((one, i) => data[i].equals(one.Data));

async function put(client) {
  const Records = data.map((Data) => ({ PartitionKey: 'key', ExplicitHashKey: '0', Data }));
  const answer = await client.send(new api.PutRecordsCommand({ StreamName, Records }));
  if (answer.FailedRecordCount) throw new Error(`${answer.FailedRecordCount} records were refused`);
}

async function active(client) {
  for (;;) {
    const answer = await client.send(new api.DescribeStreamSummaryCommand({ StreamName }));
    if (answer.StreamDescriptionSummary.StreamStatus === 'ACTIVE') return answer.StreamDescriptionSummary;
    await sleep(50);
  }
}

// To the end of the shard.
async function read(client) {
  const start = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
  let { ShardIterator } = await client.send(new api.GetShardIteratorCommand(start));
  const records = [];
  for (;;) {
    const page = await client.send(new api.GetRecordsCommand({ ShardIterator, Limit: 100 }));
    records.push(...page.Records);
    if (!page.NextShardIterator) return { records, children: page.ChildShards };
    ShardIterator = page.NextShardIterator;
    await sleep(250);
  }
}

async function consumer(client, StreamARN) {
  const registered = await client.send(new api.RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'app' }));
  const { ConsumerARN } = registered.Consumer;
  for (;;) {
    const answer = await client.send(new api.DescribeStreamConsumerCommand({ ConsumerARN }));
    if (answer.ConsumerDescription.ConsumerStatus === 'ACTIVE') return ConsumerARN;
    await sleep(50);
  }
}

// To the end of the shard.
async function subscribe(client, ConsumerARN) {
  const request = { ConsumerARN, ShardId, StartingPosition: { Type: 'TRIM_HORIZON' } };
  const answer = await client.send(new api.SubscribeToShardCommand(request));
  const records = [];
  let children = [];
  for await (const { SubscribeToShardEvent: event } of answer.EventStream) {
    records.push(...event.Records);
    children = event.ChildShards ?? children;
  }
  return { records, children };
}

await run(async () => {
  const make = clients[process.argv[2]];
  if (!make) throw new Usage('usage: node interop.mjs http1|http2');
  const client = make();
  await client.send(new api.CreateStreamCommand({ StreamName, ShardCount: 1 }));
  const { StreamARN } = await active(client);
  await put(client);
  const ShardToSplit = ShardId;
  await client.send(new api.SplitShardCommand({ StreamName, ShardToSplit, NewStartingHashKey: `${2n ** 127n}` }));
  await active(client);
  const { Shards } = await client.send(new api.ListShardsCommand({ StreamName }));
  const polled = await read(client);
  const refused = await client.send(new api.GetRecordsCommand({ ShardIterator: 'garbage' })).catch((error) => error.name);
  const subscribed = await subscribe(client, await consumer(client, StreamARN));
  client.destroy();
  const told = {
    read: polled.records.length,
    same: same(polled.records),
    shards: Shards.length,
    children: polled.children.length,
    refused,
    subscribed: subscribed.records.length,
    subscribedSame: same(subscribed.records),
    subscribedChildren: subscribed.children.length,
  };
  console.log(JSON.stringify(told));
});
