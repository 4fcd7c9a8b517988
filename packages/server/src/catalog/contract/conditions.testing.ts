/** The catalog's contract: conditions are decided in the transaction that publishes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import { deletions, inline, publication, withCode } from '../requests.fixtures.ts';

const BUCKET = { name: 'photos', owner: 'alice', region: 'us-east-1' };

export function conditionTests(open: OpenCatalog): void {
  test('of many that publish a key if it is absent one wins, and its version stays', async (t) => {
    const catalog = await open(t);
    const { id: bucket } = await catalog.createBucket(BUCKET);
    for (const key of ['a', 'b', 'c']) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 60 }, (_, i) =>
          catalog.publishVersion(
            publication({ bucket, key, ...inline(`${key}${i}`), condition: { ifAbsent: true } }),
          ),
        ),
      );
      const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.equal(won.length, 1);
      assert.ok(lost.every(({ reason }) => withCode('PreconditionFailed')(reason)));
      const found = await catalog.findVersion(bucket, key);
      assert.equal(found?.seq, won[0]?.value.seq);
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      assert.equal(found?.etag, inline(`${key}${winner}`).etag);
    }
  });

  test('of many that replace the same version one wins', async (t) => {
    const catalog = await open(t);
    const { id: bucket } = await catalog.createBucket(BUCKET);
    await catalog.publishVersion(publication({ bucket, key: 'k', ...inline('base') }));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) =>
        catalog.publishVersion(
          publication({
            bucket,
            key: 'k',
            ...inline(`next ${i}`),
            condition: { ifMatch: inline('base').etag },
          }),
        ),
      ),
    );
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  test('increments that repeat when they lose are all counted', async (t) => {
    const catalog = await open(t);
    const { id: bucket } = await catalog.createBucket(BUCKET);
    await catalog.publishVersion(publication({ bucket, key: 'n', etag: '0' }));
    const increment = async (): Promise<void> => {
      for (;;) {
        const etag = (await catalog.findVersion(bucket, 'n'))?.etag ?? '';
        const next = publication({
          bucket,
          key: 'n',
          etag: `${Number(etag) + 1}`,
          condition: { ifMatch: etag },
        });
        try {
          await catalog.publishVersion(next);
          return;
        } catch (error) {
          assert.ok(withCode('PreconditionFailed')(error), String(error));
        }
      }
    };
    await Promise.all(Array.from({ length: 10 }, increment));
    assert.equal((await catalog.findVersion(bucket, 'n'))?.etag, '10');
  });

  test('ifMatch needs the ETag, or with * any version; on nothing it is NoSuchKey', async (t) => {
    const catalog = await open(t);
    const { id: bucket } = await catalog.createBucket(BUCKET);
    const publish = (etag: string, ifMatch: string): Promise<unknown> =>
      catalog.publishVersion(publication({ bucket, key: 'k', etag, condition: { ifMatch } }));
    await assert.rejects(publish('one', '*'), withCode('NoSuchKey'));
    await assert.rejects(publish('one', 'one'), withCode('NoSuchKey'));
    await catalog.publishVersion(publication({ bucket, key: 'k', etag: 'one' }));
    await assert.rejects(publish('two', 'two'), withCode('PreconditionFailed'));
    assert.equal((await catalog.findVersion(bucket, 'k'))?.etag, 'one');
    await publish('two', 'one');
    await publish('three', '*');
    assert.equal((await catalog.findVersion(bucket, 'k'))?.etag, 'three');
  });

  test('a deleted key is absent', async (t) => {
    const catalog = await open(t);
    const { id: bucket } = await catalog.createBucket(BUCKET);
    const ifAbsent = publication({ bucket, key: 'k', condition: { ifAbsent: true } });
    await catalog.publishVersion(ifAbsent);
    await assert.rejects(catalog.publishVersion(ifAbsent), withCode('PreconditionFailed'));
    await catalog.deleteVersions(bucket, deletions('k'));
    await catalog.publishVersion(ifAbsent);
  });
}
