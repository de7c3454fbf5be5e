// KPL aggregates by AWS's own aggregator, for whoever takes them apart: a line of JSON each, with the record's data and
// the user records that were put into it. The same seed gives the same lines.

import { createRequire } from 'node:module';

const usage = 'usage: node aggregates.mjs COUNT SEED';
const installed = process.env.KCLPP_LOCAL_AWS_MODULES ?? new URL('../../build/local-aws/', import.meta.url).pathname;
const { RecordAggregator } = createRequire(`${installed}/`)('aws-kinesis-agg');

// A linear congruential generator: enough to vary shapes, and the same everywhere.
let state = 0n;
function below(bound) {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((state >> 33n) % BigInt(bound));
}

// No key may look like an index of an array: the aggregator keeps its tables in objects, which sort those.
const key = () => ['k', 'customer-7', 'ключ', 'x'.repeat(256), `key-${below(50)}`][below(5)];
const hashKey = () => (BigInt(below(2 ** 30)) + (1n << 100n)).toString();
const data = () => Buffer.from(Array.from({ length: [1, 20, 300, 5000][below(4)] }, () => below(256)));

function userRecord() {
  const record = { partitionKey: key(), data: data() };
  if (below(3) === 0) record.explicitHashKey = hashKey();
  return record;
}

const [count, seed] = process.argv.slice(2).map(Number);
if (!(count > 0) || !(seed >= 0)) {
  console.error(usage);
  process.exit(2);
}
state = BigInt(seed);
for (let i = 0; i < count; ++i) {
  const aggregator = new RecordAggregator();
  const records = [];
  for (let size = 1 + below([3, 100][below(2)]); size > 0; --size) {
    const record = userRecord();
    if (!aggregator.checkIfUserRecordFits(record)) break;
    aggregator.addUserRecord(record);
    records.push([record.partitionKey, record.explicitHashKey ?? null, record.data.toString('base64')]);
  }
  console.log(JSON.stringify({ data: Buffer.from(aggregator.build().data).toString('base64'), records }));
}
