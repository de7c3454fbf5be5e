// AWS's SDK for JavaScript as scripts/local-aws installed it, bound to the servers of the environment.
//
// HTTP/1.1 on purpose: the SDK's HTTP/2 fails against kinesis-local on some versions of node. One attempt per call: a
// put that is tried again unseen may land twice, and the journal of puts must be the whole truth.

import { createRequire } from 'node:module';

const installed = process.env.KCLPP_LOCAL_AWS_MODULES ?? new URL('../../build/local-aws/', import.meta.url).pathname;
const require = createRequire(`${installed}/`);

// The SDK announces which versions of node it will drop; that is no news to whoever runs a test.
process.noDeprecation = true;
process.removeAllListeners('warning');

export const kinesisApi = require('@aws-sdk/client-kinesis');
export const dynamodbApi = require('@aws-sdk/client-dynamodb');
const { NodeHttpHandler, NodeHttp2Handler } = require('@smithy/node-http-handler');

export function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: eval "$(scripts/local-aws start)" sets it`);
  return value;
}

// The SDK's own choice for Kinesis.
const overHttp2 = () => ({ maxAttempts: 3, requestHandler: new NodeHttp2Handler({ requestTimeout: 60_000 }) });

function options(endpointVariable) {
  return {
    endpoint: required(endpointVariable),
    region: required('AWS_REGION'),
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ requestTimeout: 60_000 }),
  };
}

export const kinesis = () => new kinesisApi.KinesisClient(options('AWS_ENDPOINT_URL_KINESIS'));
export const kinesisOverHttp2 = () =>
  new kinesisApi.KinesisClient({ ...options('AWS_ENDPOINT_URL_KINESIS'), ...overHttp2() });
export const dynamodb = () => new dynamodbApi.DynamoDBClient(options('AWS_ENDPOINT_URL_DYNAMODB'));

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Runs `main`; an error becomes one line on stderr and exit code 1 (2: the command line was wrong).
export async function run(main) {
  try {
    await main();
  } catch (error) {
    const what = error instanceof Usage ? error.message : `${error.name}: ${error.message}`;
    process.stderr.write(`${process.argv[1].split('/').pop()}: ${what}\n`);
    process.exitCode = error instanceof Usage ? 2 : 1;
  }
}

export class Usage extends Error {}
