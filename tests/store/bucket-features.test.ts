/** @module What services have beyond stores: versions, tags, snapshots. On our own server; on s3rver, which has none, what is refused. */

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { connect } from '@cistern/store';
import type { BucketFeatures, ListVersionsOptions } from '@cistern/store';
import { REGION, startTestServer } from '../support/server.ts';
import { needsS3rver, startS3rver } from '../support/s3rver.ts';

const { s3 } = await startTestServer({
  buckets: ['plain', 'pages', 'tagged', 'source', 'delete', 'switch'],
});
const service = await connect(s3.endpoint, s3.credentials, { region: REGION });
after(() => service.close());

async function marks(features: BucketFeatures, options?: ListVersionsOptions): Promise<string[]> {
  const versions = await Array.fromAsync(features.listVersions(options));
  return versions.map(
    ({ key, size, isLatest, isDeleteMarker }) =>
      `${key} ${isDeleteMarker ? 'marker' : size}${isLatest ? ' latest' : ''}`,
  );
}

suite('features of a bucket', () => {
  test('versioning is off, enabled, suspended', async () => {
    const features = service.features('switch');
    assert.equal(await features.versioning(), 'off');
    await features.setVersioning('enabled');
    assert.equal(await features.versioning(), 'enabled');
    await features.setVersioning('suspended');
    assert.equal(await features.versioning(), 'suspended');
    await assert.rejects(service.features('absent').versioning(), { code: 'NotFound' });
    assert.throws(() => service.features('a/b'), { code: 'InvalidArgument' });
  });

  test('without versioning each object is one version', async () => {
    const store = service.bucket('plain');
    await store.put('a', 'x');
    const [one, ...others] = await Array.fromAsync(service.features('plain').listVersions());
    assert.deepEqual([one?.version, one?.isLatest, others.length], ['null', true, 0]);
    assert.equal(one?.etag, (await store.head('a')).etag);
    assert.ok(one.lastModified instanceof Date);
  });

  test('versions and markers, over pages, from a key on, and deleted for good', async () => {
    const features = service.features('pages');
    const store = service.bucket('pages');
    await features.setVersioning('enabled');
    const keys = Array.from({ length: 700 }, (_, index) => `k/${String(index).padStart(3, '0')}`);
    for (const body of ['1', '22']) await Promise.all(keys.map((key) => store.put(key, body)));
    await store.put('odd +%&<\u0001>/\u{1f600}', 'odd');
    await store.delete('k/699');

    const all = await marks(features, { prefix: 'k/' });
    assert.equal(all.length, 1401);
    assert.deepEqual(all.slice(0, 3), ['k/000 2 latest', 'k/000 1', 'k/001 2 latest']);
    const last = ['k/699 marker latest', 'k/699 2', 'k/699 1'];
    assert.deepEqual(await marks(features, { startAfter: 'k/698', prefix: 'k/' }), last);

    // All in one: what is asked for twice, and what was never there.
    async function* doomed(): AsyncGenerator<{ key: string; version: string }> {
      for await (const version of features.listVersions()) {
        if (version.key !== 'k/699' || version.isDeleteMarker) yield version;
      }
      yield { key: '', version: 'null' };
      yield { key: 'k/000', version: 'no-such' };
    }
    const results = await Array.fromAsync(features.deleteVersions(doomed()));
    const failed = results.filter(({ error }) => error !== undefined);
    const names = failed.map(({ key, version }) => `${key}@${version}`).sort((a, b) => (a < b ? -1 : 1));
    assert.deepEqual(names, ['@null', 'k/000@no-such']);
    assert.deepEqual(await marks(features), ['k/699 2 latest', 'k/699 1']);
    assert.equal(await store.get('k/699').text(), '22');
    const [alone] = await Array.fromAsync(features.deleteVersions([{ key: 'k/699', version: 'no-such' }]));
    assert.ok(alone?.error !== undefined);
  });

  test('tags of objects, of versions and of buckets', async () => {
    const features = service.features('tagged');
    const store = service.bucket('tagged');
    await features.setVersioning('enabled');
    const { version } = await store.put('a', 'x');
    const tags = { colour: 'blue + white', empty: '', ключ: 'да' };
    await features.setTags('a', tags);
    await store.put('a', 'y');
    assert.deepEqual({ ...(await features.tags('a')) }, {});
    assert.deepEqual({ ...(await features.tags('a', { version })) }, tags);
    await features.setTags('a', {}, { version });
    assert.deepEqual({ ...(await features.tags('a', { version })) }, {});
    await assert.rejects(features.tags('absent'), { code: 'NotFound' });
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`t${index}`, 'x']));
    await assert.rejects(features.setTags('a', many), { code: 'InvalidArgument' });
    await assert.rejects(features.setTags('a', { 'a\u0001': 'x' }), { code: 'InvalidArgument' });

    assert.deepEqual({ ...(await features.bucketTags()) }, {});
    await features.setBucketTags({ owner: 'ops' });
    assert.deepEqual({ ...(await features.bucketTags()) }, { owner: 'ops' });
    await features.setBucketTags({});
    assert.deepEqual({ ...(await features.bucketTags()) }, {});
  });

  test('snapshots and forks', async () => {
    const features = service.features('source');
    const store = service.bucket('source');
    await features.setVersioning('enabled');
    await store.put('a', 'old');
    const made = await features.createSnapshot('one');
    assert.deepEqual([made.name, made.bucket], ['one', 'source--one--snap']);
    assert.deepEqual(await features.listSnapshots(), [made]);
    await assert.rejects(features.createSnapshot('one'), { code: 'AlreadyExists' });
    await store.put('a', 'new');
    assert.equal(await service.bucket(made.bucket).get('a').text(), 'old');

    await features.fork('fork-now');
    await features.fork('fork-snapshot', { snapshot: 'one' });
    await features.fork('fork-then', { at: made.createdAt });
    assert.equal(await service.bucket('fork-now').get('a').text(), 'new');
    assert.equal(await service.bucket('fork-snapshot').get('a').text(), 'old');
    assert.equal(await service.bucket('fork-then').get('a').text(), 'old');
    await assert.rejects(features.fork('fork-now'), { code: 'AlreadyExists' });
    await assert.rejects(features.fork('another', { snapshot: 'two' }), { code: 'NotFound' });
    await assert.rejects(features.fork('another', { snapshot: 'one', at: new Date() }), {
      code: 'InvalidArgument',
    });

    await features.deleteSnapshot('one');
    await assert.rejects(features.deleteSnapshot('one'), { code: 'NotFound' });
    assert.deepEqual(await features.listSnapshots(), []);
  });

  test('a signal stops listings and deletions', async () => {
    const features = service.features('delete');
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(Array.fromAsync(features.listVersions({ signal })), { code: 'Aborted' });
    const version = { key: 'a', version: 'null' };
    await assert.rejects(Array.fromAsync(features.deleteVersions([version], { signal })), {
      code: 'Aborted',
    });
  });
});

test(
  'a service that knows none of it is never sent what it would take for something else',
  {
    skip: needsS3rver,
  },
  async () => {
    const server = await startS3rver(['box']);
    after(server.close);
    await using other = await connect(server.endpoint, server.credentials, { region: REGION });
    const store = other.bucket('box');
    await store.put('a', 'content');
    const features = other.features('box');
    const unsupported = { code: 'Unsupported' };
    await assert.rejects(Array.fromAsync(features.listVersions()), unsupported);
    await assert.rejects(features.versioning(), unsupported);
    await assert.rejects(features.setVersioning('enabled'), unsupported);
    await assert.rejects(features.createSnapshot('one'), { ...unsupported, message: /no Cistern/ });
    await assert.rejects(features.listSnapshots(), unsupported);
    await assert.rejects(features.deleteSnapshot('one'), unsupported);
    await assert.rejects(features.fork('other'), unsupported);
    await assert.rejects(features.bucketTags(), unsupported);
    await assert.rejects(features.setBucketTags({ a: 'b' }), unsupported);
    assert.equal(await store.get('a').text(), 'content');
    assert.equal(await other.bucketExists('other'), false);
  },
);
