/** @module A small store of all kinds of objects, closed, whose files can be copied and spoilt; and what is in it. */

import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startServer } from 'cistern';

import { expectStatus } from '../../support/expect.ts';
import { S3 } from '../../support/s3.ts';
import { seededBytes, seededChoice } from '../seeded.ts';

export const STORAGE_CLASSES = { STANDARD_IA: { compression: 'zstd' } } as const;
export const CREDENTIALS = { accessKeyId: 'rotten', secretAccessKey: 'rotten-secret-key' };
export const BUCKETS = ['plain', 'history', 'kept'] as const;

export interface RotStore {
  /** Closed in order: there is no log. */
  readonly closed: string;
  /** As a crash would have left it, with a log. */
  readonly crashed: string;
  remove(): void;
}

export async function makeStore(
  seed: string,
  { files, small }: { files: number; small: number },
): Promise<RotStore> {
  const root = mkdtempSync(join(tmpdir(), 'cistern-rot-'));
  const closed = join(root, 'closed');
  const crashed = join(root, 'crashed');
  const server = await startServer({
    dataDir: closed,
    buckets: [...BUCKETS],
    storageClasses: STORAGE_CLASSES,
    credentials: CREDENTIALS,
    scrub: { bytesPerSecond: 0 },
  });
  const s3 = new S3({ endpoint: server.endpoint, credentials: CREDENTIALS, region: 'us-east-1' });
  try {
    await fill(s3, seed, { files, small });
    // Nothing is under way: what the disk holds now is what a crash would leave.
    cpSync(closed, crashed, { recursive: true });
  } finally {
    await s3.close();
    await server.close();
  }
  return { closed, crashed, remove: () => rmSync(root, { recursive: true, force: true }) };
}

async function fill(s3: S3, seed: string, { files, small }: { files: number; small: number }): Promise<void> {
  const choose = seededChoice(seed);
  const put = async (
    bucket: string,
    key: string,
    body: Buffer,
    headers: Record<string, string> = {},
  ): Promise<void> => {
    expectStatus(await s3.object('PUT', bucket, key, { body, headers }), 200);
  };
  const bytes = (key: string, size: number): Buffer => seededBytes(`${seed} ${key}`, size);
  const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
  expectStatus(await s3.bucket('PUT', 'history', { query: { versioning: '' }, body: versioning }), 200);
  for (let i = 0; i < small; i++) {
    const key = `small/${i % 7}/${i}`;
    await put('plain', key, bytes(key, i % 25 === 0 ? 60_000 : 1 + choose(2500)), {
      'content-type': `text/x-${i}`,
      'x-amz-meta-number': String(i),
      ...(i % 3 === 0 && { 'x-amz-tagging': `n=${i}` }),
    });
  }
  for (let i = 0; i < files; i++) {
    const key = `file/${i}`;
    // Every fourth is compressed, and shrinks.
    const body = bytes(key, 66_000 + choose(200_000));
    if (i % 4 === 3)
      await put('plain', key, Buffer.from(body.toString('hex')), { 'x-amz-storage-class': 'STANDARD_IA' });
    else await put('plain', key, body);
  }
  for (let i = 0; i < 6; i++) await put('history', `k${i % 3}`, bytes(`h${i}`, 500 + choose(1000)));
  await put('history', 'large', bytes('h large', 80_000));
  await s3.object('DELETE', 'history', 'k0');
  await put('kept', 'a', bytes('kept a', 700));
  await put('kept', 'grows', bytes('grows', 900));
  const more = { body: bytes('more', 90_000), headers: { 'x-amz-write-offset-bytes': '900' } };
  expectStatus(await s3.object('PUT', 'kept', 'grows', more), 200);
  const snapshot = await s3.bucket('PUT', 'kept', { query: { 'cistern-snapshot': 'monday' } });
  expectStatus(snapshot, 200);
  await put('kept', 'a', bytes('kept a again', 800));
}

/** Every blob file of a data directory. */
export function blobFiles(dataDir: string): string[] {
  return readdirSync(join(dataDir, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}
