/**
 * @module The write paths whose every position is tried: what is there before, what is done while calls are counted, and
 * what the oracle, which notes the rest, does not see.
 */

import assert from 'node:assert/strict';

import { readMetric } from '../../support/metrics.ts';
import type { S3, S3Response } from '../../support/s3.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import { elements } from '../../support/xml.ts';
import type { Oracle } from '../oracle/oracle.ts';
import { BUCKETS } from '../oracle/profile.ts';
import type { OracleOperation, OracleProfile } from '../oracle/profile.ts';
import type { FaultShim } from '../shim/shim.ts';

export interface Scene {
  readonly oracle: Oracle;
  readonly shim: FaultShim;
  readonly server: ServerProcess;
  /** A name that no other attempt has. */
  readonly name: string;
  readonly problem: (report: string) => void;
}

/** Given the server that was started afterwards, it says what is wrong. */
export type Later = (s3: S3) => Promise<void>;

export interface WritePath {
  readonly name: string;
  /** Of `cistern serve`. Default: no reaper meanwhile. */
  readonly reaper?: boolean;
  /** Only calls on such paths count. */
  readonly path?: string;
  readonly before?: (scene: Scene) => Promise<void>;
  readonly act: (scene: Scene) => Promise<Later | void>;
  /** A failed sync in it is tried again by itself: nothing that was acknowledged hangs on it. */
  readonly background?: boolean;
}

const ONE_WRITER: Partial<OracleProfile> = { writers: 1, largeOneIn: 1_000_000_000, newOneIn: 1 };

const INLINE = [1_000];
const FILE = [100_000];
/** Many slabs, past the page cache where the file system can. */
const LARGE = [5_000_001];

async function steps(
  { oracle, server, problem }: Scene,
  operation: OracleOperation,
  sizes: readonly number[],
  { times = 1, ...profile }: Partial<OracleProfile> & { times?: number } = {},
): Promise<void> {
  const load = oracle.load(server.endpoint, {
    profile: { ...ONE_WRITER, operations: [operation], smallSizes: sizes, ...profile },
    steps: times,
  });
  for (const wrong of (await load.ended).problems) problem(wrong);
}

/** What the oracle does once, after what it did before. */
function once(
  name: string,
  operation: OracleOperation,
  sizes: readonly number[],
  before?: readonly [OracleOperation, readonly number[]],
): WritePath {
  return {
    name,
    ...(before !== undefined && { before: (scene) => steps(scene, before[0], before[1], { times: 3 }) }),
    act: (scene) => steps(scene, operation, sizes),
  };
}

const PUTS = ['put', FILE] as const;
const VERSIONS = ['put-version', FILE] as const;

export const WRITE_PATHS: readonly WritePath[] = [
  once('PUT of a row', 'put', INLINE),
  once('PUT of a file', 'put', FILE),
  once('PUT of a large file', 'put', LARGE),
  {
    name: 'PUT of what is there already',
    before: (scene) => steps(scene, 'put', FILE, { sharedContents: 1, newOneIn: 1_000_000_000 }),
    act: (scene) => steps(scene, 'put', FILE, { sharedContents: 1, newOneIn: 1_000_000_000 }),
  },
  once('PUT of a version', 'put-version', FILE, ['remove-version', FILE]),
  once('delete marker', 'delete-marker', FILE, ['remove-version', FILE]),
  once('deletion of a version', 'remove-version', FILE, VERSIONS),
  once('append of a row', 'append', INLINE, PUTS),
  once('append of a file', 'append', FILE, PUTS),
  once('copy', 'copy', FILE, PUTS),
  once('copy into a version', 'copy-version', FILE, ['remove-version', FILE]),
  once('rename', 'rename', FILE, PUTS),
  once('deletion', 'delete', FILE, PUTS),
  once('deletion of many', 'delete-many', FILE, PUTS),
  once('multipart upload', 'multipart', FILE),
  once('multipart upload that is aborted', 'multipart-abort', FILE),
  {
    name: 'the reaper',
    reaper: true,
    background: true,
    before: (scene) => steps(scene, 'put', FILE, { times: 2 }),
    act: async (scene) => {
      const deleted = await deletedBlobs(scene.server.s3);
      await steps(scene, 'delete', FILE);
      await reaped(scene, deleted ?? 0);
    },
  },
  {
    name: 'moving the log into the database',
    path: 'catalog.db$',
    background: true,
    act: (scene) => steps(scene, 'put', [60_000], { times: 10, writers: 8 }),
  },
  made('creation of a bucket', async (s3, name) => s3.bucket('PUT', name), bucketThere),
  gone(
    'deletion of a bucket',
    async (s3, name) => s3.bucket('PUT', name),
    bucketThere,
    (s3, name) => s3.bucket('DELETE', name),
  ),
  made(
    'a snapshot',
    (s3, name) => s3.bucket('PUT', BUCKETS.plain, { query: { 'cistern-snapshot': name } }),
    snapshotThere,
  ),
  gone(
    'deletion of a snapshot',
    (s3, name) => s3.bucket('PUT', BUCKETS.plain, { query: { 'cistern-snapshot': name } }),
    snapshotThere,
    (s3, name) => s3.bucket('DELETE', BUCKETS.plain, { query: { 'cistern-snapshot': name } }),
  ),
  {
    name: 'a fork',
    act: async (scene) => {
      // It is written to before the fork is looked at.
      const source = await listing(scene.server.s3, BUCKETS.plain);
      return act(scene, 'a fork', fork, async (s3, name) => {
        const there = await listing(s3, name);
        if (there.status === 404) return false;
        assert.deepEqual(contentsOf(there), contentsOf(source), 'a fork that is not whole');
        return true;
      });
    },
  },
];

type Ask = (s3: S3, name: string) => Promise<S3Response>;
type Look = (s3: S3, name: string) => Promise<boolean>;

/** What makes something. */
function made(name: string, make: Ask, there: Look): WritePath {
  return { name, act: (scene) => act(scene, name, make, there) };
}

async function act(scene: Scene, name: string, make: Ask, there: Look): Promise<Later> {
  const response = await make(scene.server.s3, scene.name).catch(() => undefined);
  expectServed(scene, name, response);
  return async (s3) => {
    const found = await there(s3, scene.name);
    if (response?.status === 200 && !found) scene.problem(`${name} was acknowledged, and is not there`);
  };
}

function fork(s3: S3, name: string): Promise<S3Response> {
  return s3.bucket('PUT', name, {
    query: { 'cistern-fork': '' },
    headers: { 'x-cistern-fork-source': BUCKETS.plain },
  });
}

function gone(name: string, make: Ask, there: Look, remove: Ask): WritePath {
  return {
    name,
    before: async (scene) => {
      const { status, text } = await make(scene.server.s3, scene.name);
      if (status !== 200) scene.problem(`${name}: nothing could be made: ${status} ${text}`);
    },
    act: async (scene) => {
      const response = await remove(scene.server.s3, scene.name).catch(() => undefined);
      expectServed(scene, name, response);
      return async (s3) => {
        const found = await there(s3, scene.name);
        if (response?.status === 204 && found) scene.problem(`${name} was acknowledged, and it is there`);
      };
    },
  };
}

function expectServed({ problem }: Scene, name: string, response: S3Response | undefined): void {
  if (response !== undefined && response.status >= 300 && response.status < 500)
    problem(`${name}: ${response.status} ${response.text}`);
}

async function bucketThere(s3: S3, name: string): Promise<boolean> {
  return (await s3.bucket('HEAD', name)).status === 200;
}

async function snapshotThere(s3: S3, name: string): Promise<boolean> {
  const { text } = await s3.bucket('GET', BUCKETS.plain, { query: { 'cistern-snapshots': '' } });
  return text.includes(`<Name>${name}</Name>`);
}

function listing(s3: S3, bucket: string): Promise<S3Response> {
  return s3.bucket('GET', bucket, { query: { 'list-type': '2' } });
}

/** Keys, ETags and sizes. */
function contentsOf({ text }: S3Response): string[] {
  return elements(text, 'Contents').map((entry) => entry.replaceAll(/<(LastModified|Owner)>.*?<\/\1>/gs, ''));
}

/** Undefined when the server is dead. */
const deletedBlobs = (s3: S3): Promise<number | undefined> =>
  readMetric(s3, 'cistern_blobs_deleted_total').catch(() => undefined);

/** Many times what it takes. */
const LOOKS_MAX = 2000;

/** Until it has deleted a blob, or met the fault. There may be none to delete: what went may be another's, too. */
async function reaped({ server, shim }: Scene, before: number): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const deleted = await deletedBlobs(server.s3);
    if (deleted === undefined || deleted > before || shim.fired > 0) return;
  }
}
