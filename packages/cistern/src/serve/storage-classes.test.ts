/** @module Starts with and without the directories that storage classes have blobs in. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { startServer } from 'cistern';
import type { CisternServer, StartServerOptions } from 'cistern';

import { eventually } from '../../../../tests/support/eventually.ts';

const Bucket = 'photos';
const body = randomBytes(100_000);

let folder = '';
let server: CisternServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cistern-classes-'));
});

afterEach(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(storageClasses: NonNullable<StartServerOptions['storageClasses']>): Promise<void> {
  await server?.close();
  server = undefined;
  server = await startServer({ dataDir: join(folder, 'data'), buckets: [Bucket], storageClasses });
}

async function withClient<T>(use: (client: S3Client) => Promise<T>): Promise<T> {
  assert.ok(server);
  const { endpoint, region, credentials } = server;
  const client = new S3Client({ endpoint, region, credentials: { ...credentials }, forcePathStyle: true });
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

const put = (StorageClass: 'GLACIER_IR' | 'STANDARD_IA'): Promise<unknown> =>
  withClient((client) => client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: body, StorageClass })));

async function read(): Promise<Buffer> {
  return withClient(async (client) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'k' }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  });
}

const directory = (name: string): string => join(folder, name);

test('a start without the directory of a class that has objects names the class, and says what to do', async () => {
  await start({ GLACIER_IR: { directory: directory('cold') } });
  await put('GLACIER_IR');
  const missing = {
    message: /objects of the storage class GLACIER_IR .* none is given.*--storage-class GLACIER_IR=/,
  };
  await assert.rejects(start({}), missing);
  await assert.rejects(start({ GLACIER_IR: { compression: 'zstd' } }), missing);
  await assert.rejects(start({ STANDARD_IA: { directory: directory('cold') } }), missing);
  await start({ GLACIER_IR: { directory: directory('cold') } });
  assert.ok((await read()).equals(body));
});

test('a start with an empty directory in its place, such as that of a disk that is not mounted, is refused', async () => {
  await start({ GLACIER_IR: { directory: directory('cold') } });
  await put('GLACIER_IR');
  const message =
    /objects of the storage class GLACIER_IR, and none of them in its directory .*other.*not mounted/;
  await assert.rejects(start({ GLACIER_IR: { directory: directory('other') } }), { message });
  await server?.close();
  server = undefined;
  await rename(directory('cold'), directory('moved'));
  await start({ GLACIER_IR: { directory: directory('moved') } });
  assert.ok((await read()).equals(body));
});

test('a class that has no objects needs its directory no more', async () => {
  await start({ GLACIER_IR: { directory: directory('cold') } });
  await put('GLACIER_IR');
  await withClient((client) => client.send(new DeleteObjectCommand({ Bucket, Key: 'k' })));
  const blobs = join(folder, 'cold', 'blobs');
  await eventually(async () => {
    const entries = await readdir(blobs, { recursive: true, withFileTypes: true });
    assert.ok(entries.every((entry) => !entry.isFile()));
  });
  await start({});
  await put('GLACIER_IR');
  assert.ok((await read()).equals(body));
});

test('compression may be taken away and given: what is stored is read as it was stored', async () => {
  await start({ STANDARD_IA: { compression: 'zstd' } });
  await put('STANDARD_IA');
  await start({});
  assert.ok((await read()).equals(body));
  await put('STANDARD_IA');
  await start({ STANDARD_IA: { compression: 'zstd' } });
  assert.ok((await read()).equals(body));
});
