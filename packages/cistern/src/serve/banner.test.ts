/** @module What is printed at the start: a secret only when it was made just now, and lines that can be pasted. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { banner } from './banner.ts';
import type { CisternServer } from './start-server.ts';

const credentials = { accessKeyId: 'CSTN0123456789ABCDEF', secretAccessKey: 'THE-SECRET' };

function print(options: {
  dataDir?: string;
  file?: string | null;
  isNew?: boolean;
  host?: string;
  cwd?: string;
}): string {
  const {
    dataDir = '/srv/here/data',
    file = `${dataDir}/credentials`,
    isNew = false,
    host = '127.0.0.1',
    cwd = '/srv/here',
  } = options;
  const server: CisternServer = {
    endpoint: 'http://127.0.0.1:9000',
    credentials,
    region: 'us-east-1',
    dataDir,
    port: 9000,
    threads: 2,
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return banner(server, { key: { credentials, file, isNew }, host, cwd });
}

test('the secret is shown when it was made just now, and not again', () => {
  assert.match(print({ isNew: true }), /THE-SECRET {2}\(shown this once\)/);
  assert.doesNotMatch(print({ isNew: false }), /THE-SECRET/);
  assert.doesNotMatch(print({ file: null }), /THE-SECRET/);
});

test('what is needed is there, in few lines', () => {
  assert.equal(
    print({}),
    `
Cistern serves S3 at http://127.0.0.1:9000

  data        ./data
  access key  CSTN0123456789ABCDEF
  secret key  in ./data/credentials (mode 0600)
  region      us-east-1
  threads     2 HTTP, 1 writer

Try it in another terminal:

  export AWS_ENDPOINT_URL=http://127.0.0.1:9000 AWS_DEFAULT_REGION=us-east-1
  export AWS_SHARED_CREDENTIALS_FILE=/srv/here/data/credentials AWS_PROFILE=default
  npx cistern mb s3://photos
  echo hello | npx cistern put - s3://photos/hello.txt
  npx cistern ls -l s3://photos

`,
  );
});

test('the README shows what is printed', () => {
  const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');
  const [, accessKeyId = ''] = /access key {2}(\S+)/.exec(readme) ?? [];
  const [, secretAccessKey = ''] = /(\S+) {2}\(shown this once\)/.exec(readme) ?? [];
  const text = print({ dataDir: '/srv/cistern/data', cwd: '/srv/cistern', isNew: true })
    .replace(credentials.accessKeyId, accessKeyId)
    .replace(credentials.secretAccessKey, secretAccessKey);
  assert.ok(readme.includes(`$ npm ci && npm start\n${text.trimEnd()}\n\`\`\``), text);
});

test('a key that was given is asked for by name', () => {
  const text = print({ file: null });
  assert.match(text, /secret key {2}as given\n/);
  assert.match(
    text,
    /export AWS_ACCESS_KEY_ID=CSTN0123456789ABCDEF AWS_SECRET_ACCESS_KEY='the secret key that you gave'/,
  );
});

test('paths elsewhere are whole, and a shell reads them as one word', () => {
  assert.match(print({ dataDir: '/srv/other' }), /data {8}\/srv\/other\n/);
  assert.match(print({ dataDir: '/srv/here' }), /data {8}\.\n/);
  assert.match(
    print({ dataDir: "/srv/here/Anna's data" }),
    /AWS_SHARED_CREDENTIALS_FILE='\/srv\/here\/Anna'\\''s data\/credentials' /,
  );
});

test('a server on every address says so', () => {
  assert.match(print({ host: '0.0.0.0' }), /address {5}every one of this machine \(0\.0\.0\.0\)/);
  assert.doesNotMatch(print({ host: '127.0.0.1' }), /every one/);
});
