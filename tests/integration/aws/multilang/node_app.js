// A consumer on aws-kcl: each record is a line of KCLPP_TEST_FOLDER/records, and each batch is checkpointed.
'use strict';
const { appendFileSync } = require('node:fs');
const { join } = require('node:path');
const kcl = require('aws-kcl');

const note = (file, ...words) =>
  appendFileSync(join(process.env.KCLPP_TEST_FOLDER, file), `${[process.pid, ...words].join(' ')}\n`);

let shard;
kcl({
  initialize(input, done) {
    shard = input.shardId;
    note('calls', 'initialize', shard, input.sequenceNumber);
    done();
  },
  processRecords(input, done) {
    for (const { sequenceNumber, subSequenceNumber, partitionKey } of input.records) {
      note('records', shard, sequenceNumber, subSequenceNumber, partitionKey);
    }
    const last = input.records[input.records.length - 1];
    input.checkpointer.checkpoint(last.sequenceNumber, (error) => {
      if (error) note('errors', error);
      done();
    });
  },
  leaseLost(input, done) {
    note('calls', 'leaseLost');
    done();
  },
  shardEnded(input, done) {
    input.checkpointer.checkpoint((error) => {
      if (error) note('errors', error);
      note('calls', 'shardEnded', shard);
      done();
    });
  },
  shutdownRequested(input, done) {
    input.checkpointer.checkpoint((error) => {
      if (error) note('errors', error);
      note('calls', 'shutdownRequested');
      done();
    });
  },
}).run();
