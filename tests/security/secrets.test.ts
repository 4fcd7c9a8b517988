/**
 * @module Security: secrets do not leave the server. A process of its own is given marked ones, asked for everything that
 * it does and refuses, at its most talkative, and ended; then all that it wrote, answered and stored is searched for them.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { startServer } from 'cistern';

import { objectPath, S3, type S3Response } from '../support/s3.ts';
import { launchServer } from '../support/server-process.ts';
import { addHeaders, sendPrepared } from './bend.ts';
import { makeGround, OPERATIONS, optionsOf, SAMPLES } from './every-operation.ts';
import { WRONG } from './wrong-authentication.ts';

const LAUNCHER = fileURLToPath(new URL('../../packages/cistern/bin/cistern.js', import.meta.url));

const ROOT = { accessKeyId: 'ROOTACCESSKEY', secretAccessKey: 'MARKED-SECRET-OF-ROOT' };
const ALICE = { accessKeyId: 'ALICEACCESSKEY', secretAccessKey: 'MARKED-SECRET-OF-ALICE' };
const FAR = 'MARKED-SECRET-OF-THE-STORE';
const MARK = 'MARKED-SECRET';
const TOKEN = 'MARKED-SECRET-OF-A-SESSION';
/** What stands in a body or in metadata is the client's: it is stored, but nobody is told of it. */
const CONTENT = 'PRIVATE-CONTENT';

const work = await mkdtemp(join(tmpdir(), 'cistern-security-'));
after(() => rm(work, { recursive: true, force: true }));

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function run(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const child = spawn(process.execPath, [LAUNCHER, ...args], { env: { ...process.env, ...env } });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child.once('close', () => resolve(output)));
}

/** Everything that it can be asked, rightly and wrongly; resolves to all that it answered. */
async function askEverything(root: S3): Promise<S3Response[]> {
  const alice = root.as(ALICE);
  const answers: S3Response[] = [];
  const ground = await makeGround(alice);
  await alice.put(ground.bucket, 'private', CONTENT, { 'x-amz-meta-private': CONTENT });
  for (const name of OPERATIONS) {
    const sample = SAMPLES[name](ground);
    const ask = { method: sample.method, path: sample.path, options: optionsOf(name, sample) };
    for (const auth of ['header', 'presigned'] as const)
      answers.push(await alice.send(ask.method, ask.path, { ...ask.options, auth }));
    if (name !== 'GetObject' && name !== 'PutObject') continue;
    for (const { make } of Object.values(WRONG)) answers.push(await sendPrepared(alice, make(alice, ask)));
  }
  const get = alice.prepare('GET', objectPath(ground.bucket, 'private'));
  answers.push(
    await sendPrepared(alice, addHeaders(get, ['x-amz-security-token', TOKEN])),
    await alice.send('GET', objectPath(ground.bucket, 'private'), {
      query: { 'X-Amz-Security-Token': TOKEN },
      auth: 'presigned',
    }),
    await root.send('POST', '/-/api/fsck'),
    await root.send('GET', '/-/metrics', { auth: 'anonymous' }),
    await root.send('GET', '/-/health/ready', { auth: 'anonymous' }),
  );
  return answers;
}

function holdsNothing(what: string, text: string, ...secrets: string[]): void {
  for (const secret of [MARK, ...secrets]) {
    const at = text.indexOf(secret);
    assert.ok(at === -1, `${what} tells a secret: …${text.slice(Math.max(0, at - 200), at + 40)}…`);
  }
}

test('in answers, logs, pages, the command line and files', async () => {
  const dataDir = join(work, 'data');
  const users = join(work, 'users.json');
  await writeFile(users, JSON.stringify([{ name: 'alice', ...ALICE }]), { mode: 0o600 });
  const server = await launchServer({
    dataDir,
    arguments: ['--users', users, '--log-level', 'debug'],
    env: { CISTERN_ACCESS_KEY_ID: ROOT.accessKeyId, CISTERN_SECRET_ACCESS_KEY: ROOT.secretAccessKey },
  });
  const { endpoint, child, exited } = server;
  const root = new S3({ endpoint, credentials: ROOT, region: 'us-east-1' });
  try {
    const answers = await askEverything(root);
    assert.ok(answers.length > 100);
    for (const { headers, text } of answers) holdsNothing('an answer', JSON.stringify(headers) + text);
    if (process.platform === 'linux') {
      const { pid } = child;
      holdsNothing('the command line', await readFile(`/proc/${pid}/cmdline`, 'utf8'));
      // The environment cannot be taken back; the system shows it to the same user and to root alone.
      assert.equal((await stat(`/proc/${pid}/environ`)).mode & 0o077, 0);
    }
  } finally {
    child.kill('SIGTERM');
    await exited;
    await root.close();
    await server.s3.close();
  }
  const log = server.log();
  assert.ok(log.includes('"msg":"request"'), 'there is a log');
  holdsNothing('the log', log, CONTENT, 'Signature=', 'X-Amz-Signature', 'AWS4-HMAC-SHA256');
  for (const file of await filesOf(dataDir)) {
    // Bytes, not text: what is in a database or a log of one need not be UTF-8.
    holdsNothing(file, await readFile(file, 'latin1'));
    assert.equal((await stat(file)).mode & 0o077, 0, `${file} is open to others`);
  }
  assert.equal((await stat(dataDir)).mode & 0o077, 0, 'the data directory is open to others');
  holdsNothing('fsck', await run(['fsck', '--data', dataDir]));
});

test('in what a start says that fails', async () => {
  const env = {
    CISTERN_ACCESS_KEY_ID: ROOT.accessKeyId,
    CISTERN_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
    AWS_ACCESS_KEY_ID: 'FARKEY',
    AWS_SECRET_ACCESS_KEY: FAR,
    CISTERN_LOG_LEVEL: 'debug',
  };
  const bad: readonly (readonly [args: string[], env: Record<string, string>])[] = [
    [['--blobs', 's3://blobs?endpoint=http://127.0.0.1:1'], {}],
    [['--blobs', `s3://key:${FAR}@blobs`], {}],
    [['--blobs', 'az://blobs'], { AZURE_STORAGE_CONNECTION_STRING: `AccountName=a;AccountKey=${FAR}` }],
    [[], { CISTERN_USERS: `[{"name": "alice", "accessKeyId": "A", "secretAccessKey": "${MARK}"}]` }],
    [
      [],
      { CISTERN_USERS: `[{"name": "alice", "accessKeyId": "ABC", "secretAccessKey": "${MARK}", "x": 1}]` },
    ],
    [[], { CISTERN_USERS: `[{"secretAccessKey": "${MARK}"` }],
    [[], { CISTERN_USERS: `[{"name": "root", "accessKeyId": "ABC", "secretAccessKey": "${MARK}"}]` }],
  ];
  const outputs = await Promise.all(
    bad.map(([args, more], i) =>
      run(['serve', '--port', '0', '--data', join(work, `bad-${i}`), ...args], { ...env, ...more }),
    ),
  );
  for (const [i, output] of outputs.entries()) {
    assert.notEqual(output, '');
    assert.ok(!output.includes('serves S3 at'), `start ${i} succeeded`);
    holdsNothing(`start ${i}`, output);
  }
});

test('a key that is made is shown once, and kept where nobody else reads, whatever the umask', async () => {
  const dataDir = join(work, 'fresh', 'data');
  const outputs: string[] = [];
  for (let start = 0; start < 2; start++) {
    const child = spawn(
      'sh',
      [
        '-c',
        'umask 0; exec "$@"',
        'sh',
        process.execPath,
        LAUNCHER,
        'serve',
        '--port',
        '0',
        '--data',
        dataDir,
      ],
      {
        env: { PATH: process.env['PATH'], CISTERN_LOG_LEVEL: 'debug' },
      },
    );
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('Try it')) resolve();
      });
      child.once('exit', () => reject(new Error(output)));
    });
    child.kill('SIGTERM');
    await new Promise<void>((resolve) => child.once('close', () => resolve()));
    outputs.push(output);
  }
  const kept = await readFile(join(dataDir, 'credentials'), 'utf8');
  const secret = /aws_secret_access_key = (\S+)/.exec(kept)?.[1] ?? '';
  assert.equal(secret.length, 40);
  assert.deepEqual(
    outputs.map((output) => output.split(secret).length - 1),
    [1, 0],
  );
  for (const path of [dataDir, ...(await filesOf(dataDir))])
    assert.equal((await stat(path)).mode & 0o077, 0, `${path} is open to others`);
});

test('what is stored in folders of this machine is closed to others, wherever they are', async () => {
  const folders = ['data', 'far', 'cache', 'cold'].map((name) => join(work, 'folders', name));
  const [dataDir = '', far = '', cacheDirectory = '', directory = ''] = folders;
  const umask = process.umask(0);
  try {
    await using server = await startServer({
      dataDir,
      blobs: { url: pathToFileURL(far).href, cacheDirectory },
      storageClasses: { GLACIER: { directory } },
    });
    const { endpoint, credentials, region } = server;
    const s3 = new S3({ endpoint, credentials, region });
    const bucket = await s3.freshBucket();
    await s3.put(bucket, 'far', Buffer.alloc(100_000));
    await s3.put(bucket, 'cold', Buffer.alloc(100_000), { 'x-amz-storage-class': 'GLACIER' });
    await s3.object('GET', bucket, 'far');
    await s3.close();
  } finally {
    process.umask(umask);
  }
  for (const folder of folders) {
    assert.notEqual((await readdir(folder)).length, 0, folder);
    assert.equal((await stat(folder)).mode & 0o077, 0, `${folder} is open to others`);
  }
});
