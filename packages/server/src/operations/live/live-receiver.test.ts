/** Bodies on their way into parts: where they are cut, when a part is published, and what is left of those given up. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { checksumOf, loadChecksums, S3Error } from '@cistern/protocol';
import { eventually } from '../../../../../tests/support/eventually.ts';
import { BlobTiers } from '../../blobs/blob-tiers.ts';
import { prepareDirectories } from '../../blobs/files/file-blob-store.ts';
import { openHasher } from '../../blobs/ingest/hasher.testing.ts';
import { SlabPool } from '../../blobs/ingest/slab-pool.ts';
import type { SlabShare } from '../../blobs/ingest/slab-pool.ts';
import { withCode } from '../../catalog/requests.fixtures.ts';
import { openSqliteStore, temporaryDirectory } from '../../catalog/sqlite/sqlite-store.testing.ts';
import { begin, send } from '../../catalog/upload-requests.fixtures.ts';
import type { Part } from '../../catalog/uploads.ts';
import { LiveReceiver } from './live-receiver.ts';
import type { LivePart, LiveReceiverOptions } from './live-receiver.ts';

const PART = 10;
const NO_TRAILERS: ReadonlyMap<string, string> = new Map();

interface Fixture {
  readonly receiver: (
    options?: Partial<Pick<LiveReceiverOptions, 'first' | 'bytesMax' | 'body'>>,
  ) => LiveReceiver;
  readonly parts: () => Promise<readonly Part[]>;
  /** What somebody else sends. */
  readonly sendPart: (number: number) => Promise<unknown>;
  /** Holds that no file and no slab is left with a body. */
  readonly assertClean: () => void;
}

async function setUp(t: TestContext): Promise<Fixture> {
  await loadChecksums();
  const dataDir = temporaryDirectory(t);
  await prepareDirectories(dataDir);
  const { catalog } = openSqliteStore(t);
  const { id, scope } = await catalog.createBucket({ name: 'films', owner: 'alice', region: 'r' });
  const name = await begin(catalog, { bucket: id, key: 'k', live: true });
  const slabs = new CountingPool({ extra: 4, perUser: 4 });
  const services = {
    catalog,
    blobs: new BlobTiers({ dataDir, storageClasses: {}, blobs: null }),
    slabs,
    hasher: openHasher(t),
    livePartBytes: PART,
    failStop: (cause: unknown) => assert.fail(String(cause)),
  };
  return {
    receiver: (options = {}) =>
      new LiveReceiver({
        context: { services, bucket: { scope } },
        name,
        placement: services.blobs.placement('STANDARD'),
        first: 1,
        bytesMax: Infinity,
        body: { length: null, checksum: null },
        ...options,
      }),
    parts: async () =>
      (await catalog.uploads.listParts({ manifest: name.upload, after: 0, limit: 100 })).parts,
    sendPart: (number) => send(catalog, name, number, 'another'),
    assertClean: () => {
      assert.equal(slabs.taken, 0);
      assert.deepEqual(readdirSync(join(dataDir, 'tmp')), []);
    },
  };
}

class CountingPool extends SlabPool {
  taken = 0;

  override share(): SlabShare {
    const share = super.share();
    return {
      ...share,
      take: () => {
        const slab = share.take();
        if (slab !== undefined) this.taken++;
        return slab;
      },
      give: (slab) => {
        share.give(slab);
        this.taken--;
      },
    };
  }
}

const taken = new WeakMap<LiveReceiver, number>();

/** Takes bytes that nobody has to vouch for. */
async function take(receiver: LiveReceiver, bytes: Buffer, slice = bytes.length): Promise<void> {
  for (let at = 0; at < bytes.length; at += slice) {
    const some = bytes.subarray(at, at + slice);
    const wait = receiver.take(some);
    taken.set(receiver, (taken.get(receiver) ?? 0) + some.length);
    receiver.verified(taken.get(receiver) ?? 0);
    await wait;
  }
}

const sizes = (parts: readonly LivePart[]): number[] => parts.map(({ size }) => size);

function etags(bytes: Buffer): string[] {
  const cut: string[] = [];
  for (let at = 0; at < bytes.length; at += PART)
    cut.push(
      createHash('md5')
        .update(bytes.subarray(at, at + PART))
        .digest('hex'),
    );
  return cut;
}

suite('a body is cut into parts', () => {
  for (const slice of [1, 7, PART, 23, 1000]) {
    test(`of one length, however it comes: in slices of ${slice}`, async (t) => {
      const { receiver, parts, assertClean } = await setUp(t);
      const bytes = randomBytes(4 * PART + 3);
      const receiving = receiver();
      await take(receiving, bytes, slice);
      await receiving.finish(NO_TRAILERS);
      const expected = [PART, PART, PART, PART, 3];
      assert.deepEqual(sizes(await parts()), expected);
      assert.deepEqual(
        (await parts()).map(({ etag }) => etag),
        etags(bytes),
      );
      assert.deepEqual(
        receiving.parts.map(({ number, seq, size, etag }) => ({ number, seq, size, etag })),
        (await parts()).map(({ number, seq, size, etag }) => ({ number, seq, size, etag })),
      );
      assertClean();
    });
  }

  test('after 1,000 of them twice as long, and so on', async (t) => {
    const { receiver, parts } = await setUp(t);
    const receiving = receiver({ first: 1000 });
    await take(receiving, randomBytes(5 * PART + 1));
    await receiving.finish(NO_TRAILERS);
    assert.deepEqual(sizes(await parts()), [PART, 2 * PART, 2 * PART, 1]);
    const later = receiver({ first: 2501 });
    await take(later, randomBytes(4 * PART));
    await later.finish(NO_TRAILERS);
    assert.deepEqual(sizes((await parts()).slice(4)), [4 * PART]);
  });

  test('but not into more than 10,000, nor of more bytes than there may be', async (t) => {
    const { receiver, parts, assertClean } = await setUp(t);
    const long = receiver({ first: 10_000 });
    const tooLong = (error: unknown): boolean => S3Error.isS3Error(error) && error.code === 'EntityTooLarge';
    const last = PART * 2 ** 9;
    await take(long, randomBytes(last));
    await take(long, randomBytes(1));
    await assert.rejects(long.finish(NO_TRAILERS), tooLong);
    await long.discard();
    assert.deepEqual(sizes(await parts()), [last]);
    const large = receiver({ bytesMax: 15 });
    await take(large, randomBytes(15));
    await assert.rejects(async () => large.take(randomBytes(1)), tooLong);
    await large.discard();
    assertClean();
  });

  test('of no bytes into one of none', async (t) => {
    const { receiver, parts } = await setUp(t);
    const receiving = receiver();
    await receiving.finish(NO_TRAILERS);
    assert.deepEqual(sizes(receiving.parts), [0]);
    assert.deepEqual(sizes(await parts()), [0]);
    await receiver({ first: 2 }).finish(NO_TRAILERS);
    assert.deepEqual(sizes(await parts()), [0], 'a body that goes on with nothing adds none');
  });
});

suite('a part is published', () => {
  test('when all of its bytes are known to be the signer’s, and none before', async (t) => {
    const { receiver, parts, assertClean } = await setUp(t);
    const receiving = receiver();
    await receiving.take(randomBytes(3 * PART));
    receiving.verified(2 * PART - 1);
    await eventually(async () => assert.deepEqual(sizes(await parts()), [PART]));
    // Waits for all that is on its way.
    await receiving.discard();
    assert.deepEqual(sizes(await parts()), [PART]);
    assertClean();
  });

  test('in its turn, also when the signature of many comes at once', async (t) => {
    const { receiver, parts } = await setUp(t);
    const receiving = receiver();
    await receiving.take(randomBytes(5 * PART));
    assert.deepEqual(await parts(), []);
    receiving.verified(5 * PART);
    await receiving.finish(NO_TRAILERS);
    assert.deepEqual(
      (await parts()).map(({ number }) => number),
      [1, 2, 3, 4, 5],
    );
  });

  test('and no more of them wait for a signature than there may be', async (t) => {
    const { receiver, parts, assertClean } = await setUp(t);
    const receiving = receiver();
    await assert.rejects(
      async () => receiving.take(randomBytes(20 * PART)),
      /A signed chunk of a live upload is at most 16 times as long/,
    );
    await receiving.discard();
    assert.deepEqual(await parts(), []);
    assertClean();
  });

  test('and the last one only with the right checksum', async (t) => {
    const { receiver, parts, assertClean } = await setUp(t);
    const bytes = randomBytes(PART + 5);
    const body = { length: null, checksum: { algorithm: 'CRC32', expected: null } } as const;
    const wrong = receiver({ body });
    await take(wrong, bytes);
    const trailers = (of: Buffer): ReadonlyMap<string, string> =>
      new Map([['x-amz-checksum-crc32', checksumOf('CRC32', of).toString('base64')]]);
    await assert.rejects(
      wrong.finish(trailers(randomBytes(3))),
      (error) => S3Error.isS3Error(error) && error.code === 'BadDigest',
    );
    await wrong.discard();
    assert.deepEqual(sizes(await parts()), [PART]);
    const right = receiver({ body, first: 2 });
    await take(right, bytes);
    const checksum = await right.finish(trailers(bytes));
    assert.equal(checksum?.value, checksumOf('CRC32', bytes).toString('base64'));
    assertClean();
  });

  test('in nobody’s place', async (t) => {
    const { receiver, parts, sendPart, assertClean } = await setUp(t);
    const receiving = receiver();
    await take(receiving, randomBytes(PART));
    await sendPart(2);
    await take(receiving, randomBytes(PART));
    await assert.rejects(receiving.finish(NO_TRAILERS), withCode('PartsChanged'));
    await receiving.discard();
    assert.deepEqual(sizes(await parts()), [PART, 'another'.length]);
    assertClean();
  });
});

test('a body that is given up while a part is begun leaves nothing', async (t) => {
  const { receiver, parts, assertClean } = await setUp(t);
  const receiving = receiver();
  const taking = receiving.take(randomBytes(3 * PART)) ?? Promise.resolve();
  const refused = assert.rejects(taking, /given up/);
  await receiving.discard();
  await refused;
  assert.deepEqual(await parts(), []);
  assertClean();
});
