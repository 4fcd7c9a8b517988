/** Who may use a bucket, asked of a real catalog. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { S3Error } from '@cistern/protocol';
import type { Catalog } from '../catalog/catalog.ts';
import { openSqliteStore } from '../catalog/sqlite/sqlite-store.testing.ts';
import type { User } from '../config.ts';
import { accessBucket, requireUser } from './access-control.ts';

function user(name: string, root = false): User {
  return { name, accessKeyId: `${name}-key`, secretAccessKey: 'secret', root };
}

const ALICE = user('alice');
const BOB = user('bob');
const ROOT = user('root', true);

async function catalogOfAlice(t: TestContext): Promise<Catalog> {
  const { catalog } = openSqliteStore(t);
  await catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' });
  return catalog;
}

/** For `assert.rejects`. */
const withCode =
  (code: string) =>
  (error: unknown): boolean =>
    S3Error.isS3Error(error) && error.code === code;

test('nobody is refused, somebody is let in', () => {
  assert.throws(() => requireUser(undefined), withCode('AccessDenied'));
  assert.equal(requireUser(ALICE), ALICE);
});

test('its owner and root may use a bucket, and no one else', async (t) => {
  const catalog = await catalogOfAlice(t);
  for (const one of [ALICE, ROOT]) {
    const { name, owner } = await accessBucket(catalog, one, 'photos', undefined);
    assert.deepEqual([name, owner], ['photos', 'alice']);
  }
  await assert.rejects(accessBucket(catalog, BOB, 'photos', undefined), withCode('AccessDenied'));
  // A user who is called root is not root.
  await assert.rejects(accessBucket(catalog, user('root'), 'photos', undefined), withCode('AccessDenied'));
});

test('a bucket that is not there is told so, by its name', async (t) => {
  const catalog = await catalogOfAlice(t);
  for (const one of [ALICE, BOB, ROOT]) {
    await assert.rejects(accessBucket(catalog, one, 'absent', undefined), (error: unknown) => {
      assert.ok(S3Error.isS3Error(error));
      assert.equal(error.code, 'NoSuchBucket');
      assert.equal(error.details['BucketName'], 'absent');
      return true;
    });
  }
});

test('an expected owner has to be the owner, also for root', async (t) => {
  const catalog = await catalogOfAlice(t);
  for (const one of [ALICE, ROOT]) {
    assert.equal((await accessBucket(catalog, one, 'photos', 'alice')).owner, 'alice');
    for (const expected of ['bob', 'root', '', 'Alice'])
      await assert.rejects(accessBucket(catalog, one, 'photos', expected), withCode('AccessDenied'));
  }
  await assert.rejects(accessBucket(catalog, BOB, 'photos', 'alice'), withCode('AccessDenied'));
});

test('a bucket that its owner has deleted and another has made is the other’s', async (t) => {
  const catalog = await catalogOfAlice(t);
  const { id } = await accessBucket(catalog, ALICE, 'photos', undefined);
  await catalog.deleteBucket(id);
  await assert.rejects(accessBucket(catalog, ALICE, 'photos', undefined), withCode('NoSuchBucket'));
  await catalog.createBucket({ name: 'photos', owner: 'bob', region: 'us-east-1' });
  await assert.rejects(accessBucket(catalog, ALICE, 'photos', undefined), withCode('AccessDenied'));
  assert.equal((await accessBucket(catalog, BOB, 'photos', undefined)).owner, 'bob');
});
