/** @module Steps on snapshots and forks of a bucket, which S3 has not: docs/snapshots.md says what they are. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

import { encodeKey } from '@cistern/protocol';
import fc from 'fast-check';

import { bucketIndex, key, step } from '../choices.ts';
import { ModelBucket } from '../model.ts';
import type { Data, Model } from '../model.ts';
import { expectShown, nameOf, newVersionId, NO_SUCH_KEY, onObject, refused } from '../real.ts';
import type { Real } from '../real.ts';
import { expectObjects } from './list.ts';

interface SnapshotName {
  readonly b: number;
  readonly name: string;
}

const snapshot = { b: bucketIndex, name: fc.constantFrom('one', 'two') };
const isThere = ({ b, name }: SnapshotName, model: Model): boolean => model.bucket(b).snapshots.has(name);
const shownIn = ({ b, name }: SnapshotName, model: Model): ReadonlyMap<string, Data> | undefined =>
  model.bucket(b).snapshots.get(name);
const readAs = (real: Real, { b, name }: SnapshotName): string => `${nameOf(real, b)}--${name}--snap`;

export const makeSnapshot = step('snapshot', fc.record(snapshot), async (params, model, real) => {
  if (isThere(params, model)) return;
  const query = { 'cistern-snapshot': params.name };
  refused(await real.s3.bucket('PUT', nameOf(real, params.b), { query }), []);
  const bucket = model.bucket(params.b);
  bucket.snapshots.set(params.name, bucket.allCurrent());
});

export const deleteSnapshot = step(
  'delete snapshot',
  fc.record(snapshot),
  async (params, model, real) => {
    if (!isThere(params, model)) return;
    await removeSnapshot(real, params);
    model.bucket(params.b).snapshots.delete(params.name);
  },
  isThere,
);

export async function removeSnapshot(real: Real, { b, name }: SnapshotName): Promise<void> {
  refused(await real.s3.bucket('DELETE', nameOf(real, b), { query: { 'cistern-snapshot': name } }), []);
}

export const getFromSnapshot = step(
  'get from snapshot',
  fc.record({ ...snapshot, key }),
  async (params, model, real) => {
    const shown = shownIn(params, model);
    if (shown === undefined) return;
    await expectObject(real, readAs(real, params), { key: params.key, data: shown.get(params.key) });
  },
  isThere,
);

async function expectObject(
  { s3 }: Real,
  name: string,
  { key: of, data }: { key: string; data: Data | undefined },
): Promise<void> {
  const response = await s3.object('GET', name, of);
  if (refused(response, data === undefined ? [NO_SUCH_KEY] : []) || data === undefined) return;
  expectShown(response, undefined, { version: data, named: false });
  assert.ok(data.bytes.equals(response.body), `other bytes in ${name} ${of}`);
}

export const listSnapshot = step(
  'list snapshot',
  fc.record({
    ...snapshot,
    prefix: fc.constantFrom('', 'a'),
    delimiter: fc.constantFrom('', '/'),
    limit: fc.integer({ min: 1, max: 4 }),
    form: fc.constantFrom<1 | 2>(1, 2),
  }),
  async (params, model, real) => {
    const shown = shownIn(params, model);
    if (shown !== undefined) await expectObjects([real, readAs(real, params)], shown, params);
  },
  isThere,
);

/** All of it. */
export async function expectSnapshot(real: Real, of: SnapshotName, bucket: ModelBucket): Promise<void> {
  const shown = bucket.snapshots.get(of.name) ?? new Map<string, Data>();
  const name = readAs(real, of);
  await expectObjects([real, name], shown, { prefix: '', delimiter: '', limit: 1000, form: 2 });
  await Promise.all([...shown].map(([object, data]) => expectObject(real, name, { key: object, data })));
}

/** A copy from a snapshot to the same key of its bucket. */
export const restore = step(
  'restore',
  fc.record({ ...snapshot, key }),
  async (params, model, real) => {
    const shown = shownIn(params, model);
    if (shown === undefined) return;
    const source = shown.get(params.key);
    const headers = { 'x-amz-copy-source': `/${readAs(real, params)}/${encodeKey(params.key)}` };
    const response = await onObject(real, 'PUT', params, { headers });
    if (refused(response, source === undefined ? [NO_SUCH_KEY] : []) || source === undefined) return;
    const bucket = model.bucket(params.b);
    const id = newVersionId(model, bucket, response);
    bucket.add(params.key, { ...source, id, parts: [], seen: {} });
  },
  isThere,
);

const BUCKETS_MAX = 3;

/** Of a bucket as it is, or of a snapshot. */
export const fork = step(
  'fork',
  fc.record(snapshot),
  async (params, model, real) => {
    if (model.buckets.length === BUCKETS_MAX) return;
    const source = shownIn(params, model);
    const name = `model-${randomBytes(6).toString('hex')}`;
    const from = source === undefined ? nameOf(real, params.b) : readAs(real, params);
    const headers = { 'x-cistern-fork-source': from };
    refused(await real.s3.bucket('PUT', name, { query: { 'cistern-fork': '' }, headers }), []);
    const made = new ModelBucket('never');
    for (const [object, data] of source ?? model.bucket(params.b).allCurrent())
      made.add(object, { ...data, id: 'null' });
    model.buckets.push(made);
    real.buckets.push(name);
  },
  (_, model) => model.buckets.length < BUCKETS_MAX,
);
