// Streams and tables of the servers in the environment, by AWS's own SDK: what a test sets up and what it looks at come
// from a client that shares no code with kclpp. Answers are one line of JSON on stdout.

import { readFileSync } from 'node:fs';
import { Usage, dynamodb, dynamodbApi, kinesis, kinesisApi, run, sleep } from './sdk.mjs';

const usage = `usage: node admin.mjs COMMAND ARGUMENT...
  create-stream STREAM SHARDS | delete-stream STREAM | wait-active STREAM | describe STREAM | list-shards STREAM
  split STREAM SHARD          at the middle of its hash range
  merge STREAM SHARD ADJACENT
  put-record STREAM KEY FILE  what the file holds; the answer is its shard and sequence number
  describe-table TABLE | delete-table TABLE | scan TABLE
  create-table TABLE KEY[:TYPE] [RANGE_KEY[:TYPE]]   TYPE is S, N or B
  put-item TABLE JSON         in DynamoDB's own form, {"name": {"S": "value"}}; @FILE reads it from there
  set TABLE KEY NAME VALUE    one attribute of the item with this key; both in the same form
  delete-item TABLE JSON      the key in the same form`;

const patience = 60_000;

async function until(what, done) {
  for (const end = Date.now() + patience; Date.now() < end; await sleep(20)) {
    const result = await done();
    if (result) return result;
  }
  throw new Error(`${what}: not within ${patience / 1000} s`);
}

const summary = async (stream) =>
  (await kinesis().send(new kinesisApi.DescribeStreamSummaryCommand({ StreamName: stream }))).StreamDescriptionSummary;

async function active(stream) {
  return until(`stream ${stream} is ACTIVE`, async () => {
    const got = await summary(stream);
    return got.StreamStatus === 'ACTIVE' && got;
  });
}

// Page by page. The emulator forgets a filter after the first page, so none is used.
async function shards(stream) {
  const all = [];
  for (let next; ; ) {
    const request = next ? { NextToken: next } : { StreamName: stream };
    const page = await kinesis().send(new kinesisApi.ListShardsCommand(request));
    all.push(...page.Shards);
    next = page.NextToken;
    if (!next) return all;
  }
}

async function shard(stream, id) {
  const found = (await shards(stream)).find((one) => one.ShardId === id);
  if (!found) throw new Error(`stream ${stream} has no shard ${id}`);
  return found;
}

async function split(stream, id) {
  const range = (await shard(stream, id)).HashKeyRange;
  const middle = (BigInt(range.StartingHashKey) + BigInt(range.EndingHashKey)) / 2n + 1n;
  const NewStartingHashKey = middle.toString();
  await kinesis().send(new kinesisApi.SplitShardCommand({ StreamName: stream, ShardToSplit: id, NewStartingHashKey }));
  await active(stream);
}

async function merge(stream, id, adjacent) {
  const request = { StreamName: stream, ShardToMerge: id, AdjacentShardToMerge: adjacent };
  await kinesis().send(new kinesisApi.MergeShardsCommand(request));
  await active(stream);
}

async function createTable(table, ...keys) {
  const named = keys.map((key) => key.split(':'));
  await dynamodb().send(
    new dynamodbApi.CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: named.map(([name, type]) => ({ AttributeName: name, AttributeType: type ?? 'S' })),
      KeySchema: named.map(([name], index) => ({ AttributeName: name, KeyType: index ? 'RANGE' : 'HASH' })),
    }),
  );
  await until(`table ${table} is ACTIVE`, async () => (await describeTable(table)).TableStatus === 'ACTIVE');
}

const describeTable = async (table) =>
  (await dynamodb().send(new dynamodbApi.DescribeTableCommand({ TableName: table }))).Table;

async function scan(table) {
  const items = [];
  for (let next; ; ) {
    const request = { TableName: table, ConsistentRead: true, ExclusiveStartKey: next };
    const page = await dynamodb().send(new dynamodbApi.ScanCommand(request));
    items.push(...page.Items);
    next = page.LastEvaluatedKey;
    if (!next) return items;
  }
}

const bytes = (value) => (value.B ? { B: Buffer.from(value.B, 'base64') } : value);

function item(text) {
  const parsed = JSON.parse(text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text);
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, bytes(value)]));
}

const commands = {
  'create-stream': async (stream, count) => {
    const request = { StreamName: stream, ShardCount: Number(count) };
    await kinesis().send(new kinesisApi.CreateStreamCommand(request));
    await active(stream);
  },
  'delete-stream': (stream) => kinesis().send(new kinesisApi.DeleteStreamCommand({ StreamName: stream })),
  'wait-active': active,
  describe: summary,
  'list-shards': shards,
  split,
  merge,
  'put-record': (stream, key, file) =>
    kinesis().send(
      new kinesisApi.PutRecordCommand({ StreamName: stream, PartitionKey: key, Data: readFileSync(file) }),
    ),
  'create-table': createTable,
  'describe-table': describeTable,
  'delete-table': (table) => dynamodb().send(new dynamodbApi.DeleteTableCommand({ TableName: table })),
  scan,
  'put-item': (table, text) => dynamodb().send(new dynamodbApi.PutItemCommand({ TableName: table, Item: item(text) })),
  set: (table, key, name, value) =>
    dynamodb().send(
      new dynamodbApi.UpdateItemCommand({
        TableName: table,
        Key: item(key),
        UpdateExpression: 'SET #name = :value',
        ExpressionAttributeNames: { '#name': name },
        ExpressionAttributeValues: { ':value': bytes(JSON.parse(value)) },
      }),
    ),
  'delete-item': (table, text) =>
    dynamodb().send(new dynamodbApi.DeleteItemCommand({ TableName: table, Key: item(text) })),
};
const answering = ['wait-active', 'describe', 'list-shards', 'put-record', 'describe-table', 'scan'];

// Binary values as base64, as DynamoDB sends them.
const base64 = (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value);

await run(async () => {
  const [name, ...given] = process.argv.slice(2);
  if (name === '--help') return console.log(usage);
  const command = commands[name];
  if (!command || given.length === 0) throw new Usage(usage);
  const answer = await command(...given);
  if (answering.includes(name)) console.log(JSON.stringify(answer, base64));
});
