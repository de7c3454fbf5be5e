// Puts the stanzas of a Debian package index on a stream, one a record, by AWS's own SDK.
//
// A record is the stanza's text, without the blank line after it; its partition key is the value of one of its fields.
// Records of one key are in the stream in the order of the input: a request never holds a key twice, since Kinesis
// promises no order within one, requests follow each other, and what a request was refused for goes before what comes
// later. Only refusals are tried again. When a request's fate is unknown the run ends, because a second try might put
// its records twice; the journal holds everything that was acknowledged until then, and nothing else.

import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Usage, kinesis, kinesisApi, run, sleep } from './sdk.mjs';

const usage = `usage: node put.mjs --stream STREAM --input FILE [--count N | --all] [--rate R] [--key FIELD]
                    [--journal FILE]
  --count N       the first N stanzas (10000)
  --all           all of them
  --rate R        at most R records a second
  --key FIELD     the partition key (Package); a stanza without this field goes by its Package
  --journal FILE  a line of JSON per record acknowledged: ordinal, key, sha256, sequence_number, shard
The last line on stdout is a summary in JSON.`;

// The limits of PutRecords; a partition key counts towards the bytes.
const requestRecords = 500;
const requestBytes = 5 * 1024 * 1024;
// How far a request looks for keys it does not hold yet: a record far behind is not worth a walk through everything.
const lookedAt = 4 * requestRecords;
const shortestPause = 20;

const refusals = ['ProvisionedThroughputExceededException', 'LimitExceededException', 'KMSThrottlingException'];
const entryRefusals = ['ProvisionedThroughputExceededException'];

function field(stanza, name) {
  const prefix = `${name}: `;
  return stanza.split('\n').find((line) => line.startsWith(prefix))?.slice(prefix.length).trim();
}

function* stanzas(text, keyField) {
  let ordinal = 0;
  for (const stanza of text.trimEnd().split(/\n(?:[ \t]*\n)+/)) {
    const name = stanza.trim() && field(stanza, 'Package');
    if (!name) continue;
    const data = Buffer.from(stanza, 'utf8');
    yield { ordinal: ordinal++, key: field(stanza, keyField) ?? name, data };
  }
}

// The next request: records from the front of `waiting`, each key once, within the limits. Those passed over keep their
// places, and no record passes one of its own key.
function take(waiting, most) {
  const request = [];
  const keys = new Set();
  const rest = [];
  let size = 0;
  for (const record of waiting) {
    const bytes = record.data.length + Buffer.byteLength(record.key);
    const fits = request.length < Math.min(most, requestRecords) && size + bytes <= requestBytes;
    if (fits && !keys.has(record.key)) {
      request.push(record);
      size += bytes;
    } else {
      rest.push(record);
    }
    keys.add(record.key);
  }
  return { request, rest };
}

// The answer's entries, or nothing when the whole request was refused.
async function put(client, stream, records) {
  const Records = records.map(({ key, data }) => ({ PartitionKey: key, Data: data }));
  try {
    return (await client.send(new kinesisApi.PutRecordsCommand({ StreamName: stream, Records }))).Records;
  } catch (error) {
    if (refusals.includes(error.name)) return undefined;
    throw error;
  }
}

// The records of a request by what became of them. No entries: the whole of it was refused.
function sorted(request, entries) {
  const pairs = request.map((record, index) => ({ record, entry: entries?.[index] ?? {} }));
  const refused = ({ entry }) => !entries || entryRefusals.includes(entry.ErrorCode);
  return {
    taken: pairs.filter(({ entry }) => entry.SequenceNumber),
    again: pairs.filter(refused).map(({ record }) => record),
    // InternalFailure, for one, leaves open whether the record is in the stream.
    unknown: pairs.find((pair) => !pair.entry.SequenceNumber && !refused(pair)),
  };
}

function journalLine({ ordinal, key, data }, entry) {
  const sha256 = createHash('sha256').update(data).digest('hex');
  return `${JSON.stringify({ ordinal, key, sha256, sequence_number: entry.SequenceNumber, shard: entry.ShardId })}\n`;
}

function arguments_() {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const texts = Object.fromEntries(['stream', 'input', 'count', 'rate', 'key', 'journal'].map((name) => [name, text]));
  try {
    return parseArgs({ options: { ...texts, all: flag, help: flag } }).values;
  } catch (error) {
    throw new Usage(`${error.message}\n${usage}`);
  }
}

function positive(name, text) {
  if (!(Number(text) > 0)) throw new Usage(`--${name} needs a number greater than 0, not '${text}'\n${usage}`);
  return Number(text);
}

await run(async () => {
  const given = arguments_();
  if (given.help) return console.log(usage);
  if (!given.stream || !given.input || (given.count && given.all)) throw new Usage(usage);
  const rate = given.rate ? positive('rate', given.rate) : Infinity;
  const count = given.all ? Infinity : positive('count', given.count ?? '10000');

  let waiting = [...stanzas(readFileSync(given.input, 'utf8'), given.key ?? 'Package')].slice(0, count);
  if (waiting.length === 0) throw new Error(`${given.input} holds no stanza with a Package field`);
  if (waiting.length < count && !given.all) {
    process.stderr.write(`put.mjs: ${given.input} holds only ${waiting.length} stanzas\n`);
  }

  const client = kinesis();
  const journal = given.journal ? openSync(given.journal, 'w') : undefined;
  const begin = Date.now();
  // At a rate, a request takes a tenth of a second's worth, so that records come in a flow and not in lumps.
  const most = rate === Infinity ? requestRecords : Math.max(1, Math.ceil(rate / 10));
  const total = { records: 0, bytes: 0, requests: 0, refused: 0 };
  for (let pause = shortestPause; waiting.length > 0; ) {
    await sleep(Math.max(0, begin + (total.records / rate) * 1000 - Date.now()));
    const front = take(waiting.slice(0, lookedAt), most);
    const entries = await put(client, given.stream, front.request);
    const { taken, again, unknown } = sorted(front.request, entries);
    const lines = taken.map(({ record, entry }) => journalLine(record, entry));
    if (journal !== undefined) writeSync(journal, lines.join(''));
    if (unknown) {
      const { ErrorCode, ErrorMessage } = unknown.entry;
      throw new Error(`the fate of record ${unknown.record.ordinal} is unknown: ${ErrorCode}: ${ErrorMessage}`);
    }
    total.requests += 1;
    total.records += taken.length;
    total.bytes += taken.reduce((sum, { record }) => sum + record.data.length, 0);
    total.refused += again.length;
    // Back where they came from: in front of everything that was passed over for them.
    waiting = [...again, ...front.rest, ...waiting.slice(lookedAt)];
    if (again.length > 0) await sleep(pause);
    pause = taken.length > 0 ? shortestPause : Math.min(2 * pause, 2000);
  }
  if (journal !== undefined) closeSync(journal);
  console.log(JSON.stringify({ ...total, seconds: (Date.now() - begin) / 1000 }));
});
