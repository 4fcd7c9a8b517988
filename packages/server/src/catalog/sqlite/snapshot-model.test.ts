/**
 * Snapshots and forks against a model: whatever is put, deleted, copied, tagged and versioned, and whichever snapshots are
 * deleted and swept in between, each that is left shows what it showed at first, and in the end nothing is left over.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Catalog } from '../catalog.ts';
import { copyOf, inline, listing, publication, sha256 } from '../requests.fixtures.ts';
import { BucketModel, shownAs } from './snapshot-model.testing.ts';
import type { Shown } from './snapshot-model.testing.ts';
import { count, openSqliteStore } from './sqlite-store.testing.ts';
import type { SqliteStore } from './sqlite-store.testing.ts';

const KEYS = ['a', 'b/1', 'b/2', 'c'];
/** Few, so that files are shared. */
const CONTENTS = 5;
const RUNS = Number(process.env['CISTERN_SNAPSHOT_RUNS'] ?? 100);

const key = fc.constantFrom(...KEYS);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), key, file: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete version' as const), key, index: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('copy' as const), key, to: key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('tag' as const), key, index: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('enable' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('suspend' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('snapshot' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete snapshot' as const), index: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fork' as const), index: fc.nat(5) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Run {
  readonly store: SqliteStore;
  readonly bucket: number;
  readonly model: BucketModel;
  readonly forks: Map<number, Shown>;
  written: number;
}

/** What the store shows: the bytes of inline objects, or the names of their files, and the tags. */
async function shown(catalog: Catalog, bucket: number, asOf: number | null): Promise<Shown> {
  const { versions } = await catalog.listObjects(listing(bucket, { asOf }));
  const found = new Map<string, string>();
  for (const listed of versions) {
    const opened = await catalog.openVersion(bucket, listed.key, { asOf });
    assert.ok(opened);
    assert.equal(opened.version.etag, listed.etag);
    const [extent] = await opened.extents(0, opened.version.size);
    opened.release();
    const inlineText = extent?.data === null ? undefined : Buffer.from(extent?.data ?? []).toString();
    const body = inlineText ?? extent?.location?.split('/').at(-1) ?? '';
    found.set(listed.key, shownAs(body, opened.version.tags));
  }
  return found;
}

/** Of the same listing, by prefix and delimiter, and page by page. */
async function assertListed(
  catalog: Catalog,
  bucket: number,
  asOf: number | null,
  expected: Shown,
): Promise<void> {
  const grouped = await catalog.listObjects(listing(bucket, { asOf, delimiter: '/' }));
  const keys = [...expected.keys()];
  assert.deepEqual(
    grouped.versions.map((version) => version.key),
    keys.filter((one) => !one.includes('/')),
  );
  assert.deepEqual(grouped.commonPrefixes, keys.some((one) => one.startsWith('b/')) ? ['b/'] : []);
  const paged: string[] = [];
  for (let after = '', truncated = true; truncated;) {
    const page = await catalog.listObjects(listing(bucket, { asOf, after, limit: 1 }));
    paged.push(...page.versions.map((version) => version.key));
    ({ truncated } = page);
    after = page.last;
  }
  assert.deepEqual(paged, keys);
}

async function put(run: Run, target: string, file: boolean): Promise<void> {
  const { store, bucket, model } = run;
  const body = `content ${run.written++ % CONTENTS}`;
  let request = publication({ bucket, key: target, ...inline(body) });
  let name = body;
  if (file) {
    const hash = sha256(body);
    const { blob } = await store.catalog.reserveBlob({ scope: bucket, sha256: hash, length: body.length });
    request = { ...request, content: { kind: 'blob', blob } };
    name = Buffer.from(hash).toString('hex');
  }
  const { seq } = await store.catalog.publishVersion(request);
  model.put(target, seq, name);
}

async function take(run: Run, one: Step): Promise<void> {
  const { store, bucket, model, forks } = run;
  const { catalog } = store;
  const chosen = (index: number): string | undefined => [...model.snapshots.keys()][index];
  switch (one.do) {
    case 'put':
      await put(run, one.key, one.file);
      break;
    case 'delete': {
      const [result] = await catalog.deleteVersions(bucket, [{ key: one.key }]);
      model.delete(one.key, typeof result?.version === 'number' ? result.version : 0);
      break;
    }
    case 'delete version': {
      const version = model.of(one.key)[one.index]?.id ?? 'null';
      await catalog.deleteVersions(bucket, [{ key: one.key, version }]);
      model.deleteVersion(one.key, version);
      break;
    }
    case 'copy': {
      const version = await catalog.findVersion(bucket, one.key);
      if (version === undefined || version.deleteMarker) break;
      const body = model.bodyOf(one.key);
      const { seq } = await catalog.copyVersion(copyOf({ bucket, version }, { bucket, key: one.to }));
      model.put(one.to, seq, body);
      break;
    }
    case 'tag': {
      const version = model.of(one.key)[one.index];
      if (version === undefined || version.marker) break;
      const tags = JSON.stringify([['n', String(run.written++)]]);
      await catalog.setTags({ bucket, key: one.key, version: version.id, tags });
      model.tag(one.key, version.id, tags);
      break;
    }
    case 'enable':
    case 'suspend': {
      const versioning = one.do === 'enable' ? 'enabled' : 'suspended';
      await catalog.setVersioning(bucket, versioning);
      model.setVersioning(versioning);
      break;
    }
    case 'snapshot': {
      const name = `s${store.queue.sequence}`;
      await catalog.snapshots.create(bucket, name);
      model.snapshots.set(name, model.shown());
      break;
    }
    case 'delete snapshot': {
      const name = chosen(one.index);
      if (name === undefined) break;
      await catalog.snapshots.delete(bucket, name);
      model.snapshots.delete(name);
      break;
    }
    case 'sweep':
      while (store.sweeper.step());
      while (await store.reaper.step());
      break;
    case 'fork': {
      const name = chosen(one.index);
      const asOf = name === undefined ? null : ((await snapshot(catalog, name))?.asOf ?? null);
      const expected = name === undefined ? model.shown() : (model.snapshots.get(name) ?? new Map());
      const made = await catalog.snapshots.fork({
        source: bucket,
        sourceAsOf: asOf,
        name: `fork-${store.queue.sequence}`,
        owner: 'alice',
        region: 'us-east-1',
      });
      forks.set(made.id, expected);
      break;
    }
  }
}

const snapshot = (catalog: Catalog, name: string): ReturnType<Catalog['findBucket']> =>
  catalog.findBucket(`photos--${name}--snap`);

async function verify({ store: { catalog }, bucket, model, forks }: Run): Promise<void> {
  assert.deepEqual(await shown(catalog, bucket, null), model.shown());
  for (const [name, expected] of model.snapshots) {
    const asOf = (await snapshot(catalog, name))?.asOf ?? null;
    assert.notEqual(asOf, null);
    assert.deepEqual(await shown(catalog, bucket, asOf), expected, name);
    await assertListed(catalog, bucket, asOf, expected);
  }
  for (const [fork, expected] of forks) {
    assert.deepEqual(await shown(catalog, fork, null), expected, `fork ${fork}`);
  }
}

/** Deletes everything there is, in the manner of a client. */
async function empty({ store, bucket, model, forks }: Run): Promise<void> {
  const { catalog } = store;
  for (const name of model.snapshots.keys()) await catalog.snapshots.delete(bucket, name);
  const versions = [...model.versions].flatMap(([one, list]) =>
    list.map(({ id }) => ({ key: one, version: id })),
  );
  await catalog.deleteVersions(bucket, versions);
  await catalog.deleteBucket(bucket);
  for (const [fork, objects] of forks) {
    await catalog.deleteVersions(
      fork,
      [...objects.keys()].map((one) => ({ key: one })),
    );
    await catalog.deleteBucket(fork);
  }
  while (store.sweeper.step());
  while (await store.reaper.step());
}

test('every snapshot and fork shows what it showed at first, and what nothing shows is gone', async (t) => {
  const store = openSqliteStore(t);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 50 }), async (steps) => {
      const made = await store.catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' });
      const run: Run = { store, bucket: made.id, model: new BucketModel(), forks: new Map(), written: 0 };
      try {
        for (const one of steps) await take(run, one);
        await verify(run);
        while (store.sweeper.step());
        while (await store.reaper.step());
        await verify(run);
      } finally {
        await empty(run);
      }
      for (const table of ['buckets', 'snapshots', 'versions', 'manifests', 'extents', 'blobs']) {
        assert.equal(count(store.db, `SELECT count(*) FROM ${table}`), 0, table);
      }
    }),
    { numRuns: RUNS },
  );
});
