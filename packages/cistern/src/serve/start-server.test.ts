/** @module The server inside a program: what it makes, what it leaves, and what it says when it cannot start. */

import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, suite, test } from 'node:test';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { startServer } from 'cistern';
import type { CisternServer, Credentials, StartServerOptions } from 'cistern';
import { makeCertificate } from '../../../../tests/clients/certificate.ts';

/** Everything of one test goes here, temporary directories of servers as well. */
let folder = '';
/** Run when the test is over, the last one first: a server that is not closed would keep this process alive. */
const cleanups: (() => unknown)[] = [];
const ordinary = tmpdir();

beforeEach(async () => {
  folder = await mkdtemp(join(ordinary, 'cistern-start-'));
  await mkdir(join(folder, 'tmp'));
  process.env['TMPDIR'] = join(folder, 'tmp');
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(folder, { recursive: true, force: true });
});

function clientOf(
  { endpoint, credentials, region }: CisternServer,
  { accessKeyId, secretAccessKey }: Credentials = credentials,
  authority?: string,
): S3Client {
  const client = new S3Client({
    endpoint,
    region,
    // A copy: the SDK writes into the object that it is given.
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 1,
    ...(authority !== undefined && { requestHandler: { httpsAgent: new Agent({ ca: authority }) } }),
  });
  cleanups.push(() => client.destroy());
  return client;
}

async function bucketsOf(client: S3Client): Promise<(string | undefined)[]> {
  const { Buckets } = await client.send(new ListBucketsCommand({}));
  return (Buckets ?? []).map(({ Name }) => Name);
}

async function readBack(client: S3Client, Key: string, Bucket = 'photos'): Promise<string | undefined> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Body?.transformToString();
}

async function start(options?: StartServerOptions): Promise<CisternServer> {
  const server = await startServer(options);
  cleanups.push(() => server.close());
  return server;
}

const temporary = (): Promise<string[]> => readdir(join(folder, 'tmp'));

suite('with nothing said', () => {
  test('it serves an AWS client on a free port from a temporary directory, which close removes', async () => {
    const server = await start();
    assert.match(server.endpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(server.endpoint, `http://127.0.0.1:${server.port}`);
    assert.equal(server.region, 'us-east-1');
    assert.equal(server.threads, 1);
    assert.ok(server.dataDir.startsWith(join(folder, 'tmp')));
    const client = clientOf(server);
    await client.send(new CreateBucketCommand({ Bucket: 'photos' }));
    await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'key', Body: 'body' }));
    assert.equal(await readBack(client, 'key'), 'body');
    await server.close();
    assert.deepEqual(await temporary(), []);
    await assert.rejects(client.send(new ListBucketsCommand({})), { code: 'ECONNREFUSED' });
  });

  test('two at once share nothing', async () => {
    const [one, two] = await Promise.all([start(), start()]);
    assert.notEqual(one.port, two.port);
    assert.notEqual(one.dataDir, two.dataDir);
    assert.notDeepEqual(one.credentials, two.credentials);
    await clientOf(one).send(new CreateBucketCommand({ Bucket: 'photos' }));
    assert.deepEqual(await bucketsOf(clientOf(one)), ['photos']);
    assert.deepEqual(await bucketsOf(clientOf(two)), []);
    await assert.rejects(clientOf(one, two.credentials).send(new ListBucketsCommand({})), {
      name: 'InvalidAccessKeyId',
    });
    await one.close();
    assert.deepEqual(await bucketsOf(clientOf(two)), []);
  });

  test('close may be called again, at once or later, and `await using` calls it', async () => {
    const server = await start();
    await Promise.all([server.close(), server.close()]);
    await server.close();
    await server[Symbol.asyncDispose]();
    assert.deepEqual(await temporary(), []);
  });
});

suite('a data directory', () => {
  test('is made, kept, and served again with the same key', async () => {
    const dataDir = join(folder, 'not', 'there', 'yet');
    const first = await start({ dataDir, buckets: ['photos'] });
    await clientOf(first).send(new PutObjectCommand({ Bucket: 'photos', Key: 'key', Body: 'kept' }));
    await first.close();
    assert.deepEqual(await temporary(), []);
    const second = await start({ dataDir });
    assert.equal(second.dataDir, dataDir);
    assert.deepEqual(second.credentials, first.credentials);
    assert.equal(await readBack(clientOf(second), 'key'), 'kept');
  });

  test('has nothing in it that others may read, even when it was made open to them', async () => {
    const dataDir = join(folder, 'open');
    await mkdir(dataDir);
    await chmod(dataDir, 0o755);
    const server = await start({ dataDir, buckets: ['photos'] });
    const client = clientOf(server);
    await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'small', Body: 'x' }));
    await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'large', Body: 'x'.repeat(200_000) }));
    const files = (await readdir(dataDir, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    assert.ok(files.length >= 5, 'the lock, the key, the catalog, its log, a blob');
    for (const file of files) {
      const { mode } = await stat(join(file.parentPath, file.name));
      assert.equal((mode & 0o777).toString(8), '600', file.name);
    }
  });

  test('that a server uses is refused to a second, and the first goes on', async () => {
    const dataDir = join(folder, 'data');
    const first = await start({ dataDir, buckets: ['photos'] });
    await assert.rejects(startServer({ dataDir }), { name: 'DataDirectoryLocked', message: /in use/ });
    assert.deepEqual(await bucketsOf(clientOf(first)), ['photos']);
    await first.close();
    await start({ dataDir });
  });

  test('that is none is named', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    for (const dataDir of [file, join(file, 'below')]) {
      await assert.rejects(startServer({ dataDir }), (error: Error) => {
        assert.equal(error.name, 'DataDirectoryUnusable');
        assert.ok(error.message.includes(dataDir), error.message);
        return true;
      });
    }
  });

  test('that cannot be made is named', { skip: process.platform !== 'linux' && 'needs /proc' }, async () => {
    await assert.rejects(start({ dataDir: '/proc/cistern-test/data' }), {
      name: 'DataDirectoryUnusable',
      message: /\/proc\/cistern-test\/data cannot be used \(ENOENT.*Choose another with --data\.$/,
    });
  });

  test('whose catalog is damaged is refused with what to do, and left as it is', async () => {
    const dataDir = join(folder, 'data');
    await (await start({ dataDir, buckets: ['photos'] })).close();
    const path = join(dataDir, 'catalog.db');
    const whole = await readFile(path);
    // From the third page on: the first is the schema's, the second says where pages belong.
    const pages = Buffer.from(whole).fill(7, 8192);
    for (const damaged of [Buffer.alloc(whole.length, 7), whole.subarray(0, 8192), pages]) {
      await writeFile(path, damaged);
      await assert.rejects(start({ dataDir }), {
        message: /catalog\.db: .*damaged.*nothing was changed.*Restore it.*--data/,
      });
      assert.ok((await readFile(path)).equals(damaged));
    }
    await writeFile(path, whole);
    assert.deepEqual(await bucketsOf(clientOf(await start({ dataDir }))), ['photos']);
  });

  test('whose catalog is lost is refused while there are blobs, and left as it is', async () => {
    const dataDir = join(folder, 'data');
    const first = await start({ dataDir, buckets: ['photos'] });
    const Body = Buffer.alloc(100_000, 'kept');
    await clientOf(first).send(new PutObjectCommand({ Bucket: 'photos', Key: 'key', Body }));
    await first.close();
    const path = join(dataDir, 'catalog.db');
    const whole = await readFile(path);
    const lost = { name: 'CatalogMissing', message: /catalog\.db is missing.*Nothing was changed.*--data/ };
    await rm(path);
    await assert.rejects(start({ dataDir }), lost);
    assert.ok(!(await readdir(dataDir)).includes('catalog.db'));
    await writeFile(path, '');
    await assert.rejects(start({ dataDir }), lost);
    await writeFile(path, whole);
    assert.equal(await readBack(clientOf(await start({ dataDir })), 'key'), Body.toString());
  });

  test('of another program, or of a newer version, is refused and given up again', async () => {
    for (const [content, expected] of [
      ['PRAGMA user_version = 7; CREATE TABLE theirs (x)', /catalog\.db is not a Cistern catalog/],
      ['PRAGMA application_id = 0x4373746e; PRAGMA user_version = 999; CREATE TABLE x (x)', /format 999/],
    ] as const) {
      const dataDir = await mkdtemp(join(folder, 'data-'));
      const path = join(dataDir, 'catalog.db');
      const theirs = new DatabaseSync(path);
      theirs.exec(content);
      theirs.close();
      await assert.rejects(startServer({ dataDir }), expected);
      await rm(path);
      await start({ dataDir });
    }
  });
});

suite('options', () => {
  test('buckets are created when missing, left alone when there, and belong to root', async () => {
    const dataDir = join(folder, 'data');
    const alice = { name: 'alice', accessKeyId: 'ALICE123', secretAccessKey: 'alice-secret' };
    const first = await start({ dataDir, buckets: ['photos'], users: [alice] });
    await clientOf(first).send(new PutObjectCommand({ Bucket: 'photos', Key: 'key', Body: 'kept' }));
    await clientOf(first, alice).send(new CreateBucketCommand({ Bucket: 'of-alice' }));
    await first.close();
    const second = await start({ dataDir, buckets: ['photos', 'logs', 'of-alice'], users: [alice] });
    const client = clientOf(second);
    assert.deepEqual(await bucketsOf(client), ['logs', 'of-alice', 'photos']);
    assert.equal(await readBack(client, 'key'), 'kept');
    assert.deepEqual(await bucketsOf(clientOf(second, alice)), ['of-alice']);
    await assert.rejects(readBack(clientOf(second, alice), 'key'), { name: 'AccessDenied' });
  });

  test('a given key is the only one of root, and is not written down', async () => {
    const dataDir = join(folder, 'data');
    const credentials = { accessKeyId: 'admin', secretAccessKey: 'change-me' };
    const server = await start({ dataDir, credentials });
    assert.deepEqual(server.credentials, credentials);
    assert.deepEqual(await bucketsOf(clientOf(server)), []);
    assert.ok(!(await readdir(dataDir)).includes('credentials'));
  });

  test('with TLS the endpoint is https', async () => {
    const tls = makeCertificate();
    const server = await start({ tls, buckets: ['photos'] });
    assert.match(server.endpoint, /^https:/);
    const client = clientOf(server, undefined, tls.cert);
    await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'key', Body: 'over TLS' }));
    assert.equal(await readBack(client, 'key'), 'over TLS');
  });

  test('a server on every address has an endpoint that clients can use', async () => {
    const server = await start({ host: '0.0.0.0', buckets: ['photos'] });
    assert.equal(server.endpoint, `http://127.0.0.1:${server.port}`);
    assert.deepEqual(await bucketsOf(clientOf(server)), ['photos']);
  });

  test('log lines go where they are wanted, one a request, and tell no secret', async () => {
    let lines = '';
    const server = await start({
      buckets: ['photos'],
      logLevel: 'debug',
      onLog: (text) => (lines += text),
    });
    await clientOf(server).send(new PutObjectCommand({ Bucket: 'photos', Key: 'key', Body: 'body' }));
    await fetch(`${server.endpoint}/photos/${'k'.repeat(1025)}`);
    await server.close();
    assert.match(lines, /"operation":"GetObject","status":400,"errorCode":"KeyTooLongError"/);
    const requests = lines.split('\n').filter((line) => line.includes('"PutObject"'));
    assert.equal(requests.length, 1);
    assert.equal((JSON.parse(requests[0] ?? '') as { path: string }).path, '/photos/key');
    assert.ok(!lines.includes(server.credentials.secretAccessKey));
    assert.doesNotMatch(lines, /Signature=/);
  });

  test('one that is wrong is refused before anything is made', async () => {
    const dataDir = join(folder, 'data');
    await assert.rejects(startServer({ dataDir, buckets: ['No'] }), {
      code: 'InvalidOption',
      option: 'buckets',
    });
    await assert.rejects(startServer({ port: -1 }), { code: 'InvalidOption', option: 'port' });
    assert.deepEqual(await readdir(folder), ['tmp']);
    assert.deepEqual(await temporary(), []);
  });

  test("a user with root's key is refused, and the next start makes the key that it tells", async () => {
    const dataDir = join(folder, 'data');
    const first = await start({ dataDir });
    await first.close();
    const { accessKeyId } = first.credentials;
    const users = [{ name: 'alice', accessKeyId, secretAccessKey: 'alice-secret' }];
    await assert.rejects(startServer({ dataDir, users }), { code: 'InvalidOption', option: 'users' });
    const again = await start({ dataDir });
    assert.deepEqual(again.credentials, first.credentials);
  });
});

suite('a port in use', () => {
  for (const threads of [1, 2]) {
    test(`is refused with ${threads} HTTP threads, and nothing is left behind`, async () => {
      const other = createServer();
      cleanups.push(() => other.close());
      await new Promise<void>((resolve) => {
        other.listen(0, '127.0.0.1', resolve);
      });
      const { port } = other.address() as AddressInfo;
      const dataDir = join(folder, 'data');
      await assert.rejects(startServer({ port, threads }), { code: 'EADDRINUSE' });
      assert.deepEqual(await temporary(), []);
      await assert.rejects(startServer({ port, threads, dataDir }), { code: 'EADDRINUSE' });
      assert.ok(!(await readdir(dataDir)).includes('credentials'), 'a key that nobody was shown');
      await new Promise<void>((resolve) => {
        other.close(() => resolve());
      });
      const server = await start({ port, threads, dataDir });
      assert.equal(server.port, port);
      assert.deepEqual(await bucketsOf(clientOf(server)), []);
    });
  }
});
