/** Contents compared by sums and by bytes. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { checksumOf, formatChecksum } from '@cistern/protocol';
import { memory } from '../memory.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Store } from '../store.ts';
import { sample } from '../testing/context.ts';
import { CHECKSUMS } from './known-checksums.ts';
import type { KeepsChecksums, KnownChecksums } from './known-checksums.ts';
import { sameContent } from './same-content.ts';

type Kind = 'none' | 'crc32' | 'md5' | 'both' | 'lying';

const SUM = formatChecksum(checksumOf('CRC32', sample(200_000)));

/** An object in memory, in a store that keeps sums of that kind and counts its reads. */
async function object(
  kind: Kind,
  bytes: Uint8Array,
): Promise<{ at: { store: ObjectStore; key: string }; reads: () => number }> {
  const plain: Store = memory();
  await plain.put('a', bytes);
  let reads = 0;
  const sums = async (): Promise<KnownChecksums> => ({
    info: await plain.head('a'),
    crc32: kind === 'md5' ? undefined : kind === 'lying' ? SUM : formatChecksum(checksumOf('CRC32', bytes)),
    md5: kind === 'md5' || kind === 'both' ? createHash('md5').update(bytes).digest('hex') : undefined,
  });
  const store = new Proxy(plain.inner, {
    get: (target, name): unknown => {
      if (name === CHECKSUMS) return kind === 'none' ? undefined : sums;
      if (name !== 'get') return Reflect.get(target, name) as unknown;
      return ((key, options) => {
        if (options?.head !== true) reads++;
        return target.get(key, options);
      }) satisfies ObjectStore['get'];
    },
  }) as ObjectStore & Partial<KeepsChecksums>;
  return { at: { store, key: 'a' }, reads: () => reads };
}

suite('same content', () => {
  const bytes = sample(200_000);
  const other = sample(200_000, 2);
  const cases: readonly [Kind, Kind, 'crc32' | 'md5' | 'bytes', number][] = [
    ['none', 'none', 'bytes', 2],
    ['crc32', 'crc32', 'crc32', 0],
    ['both', 'md5', 'md5', 0],
    ['none', 'md5', 'md5', 1],
    ['crc32', 'none', 'crc32', 1],
    ['crc32', 'md5', 'crc32', 1],
  ];
  for (const [left, right, by, reads] of cases) {
    test(`${left} and ${right}: by ${by}, with ${reads} read`, async () => {
      for (const [content, isSame] of [
        [bytes, true],
        [other, false],
      ] as const) {
        const [a, b] = [await object(left, bytes), await object(right, content)];
        assert.deepEqual(await sameContent(a.at, b.at), { isSame, by });
        assert.equal(a.reads() + b.reads(), reads);
      }
    });
  }

  test('sizes decide first; nothing is the same as nothing', async () => {
    const [a, shorter] = [await object('none', bytes), await object('none', bytes.subarray(1))];
    assert.deepEqual(await sameContent(a.at, shorter.at), { isSame: false, by: 'size' });
    const [empty, nothing] = [
      await object('none', new Uint8Array(0)),
      await object('md5', new Uint8Array(0)),
    ];
    assert.deepEqual(await sameContent(empty.at, nothing.at), { isSame: true, by: 'size' });
    assert.equal(a.reads() + empty.reads(), 0);
  });

  test('sums are not asked for when all is to be read', async () => {
    const [a, b] = [await object('crc32', bytes), await object('lying', other)];
    assert.deepEqual(await sameContent(a.at, b.at), { isSame: true, by: 'crc32' });
    let read = 0;
    const options = { read: true, onBytes: (count: number) => void (read += count) };
    assert.deepEqual(await sameContent(a.at, b.at, options), { isSame: false, by: 'bytes' });
    assert.ok(read > 0 && read <= 400_000);
  });

  test('what is gone is NotFound, and a signal stops it', async () => {
    const [a, b] = [await object('none', bytes), await object('none', bytes)];
    await assert.rejects(sameContent(a.at, { ...b.at, key: 'none' }), { code: 'NotFound' });
    await assert.rejects(sameContent(a.at, b.at, { signal: AbortSignal.abort() }), { code: 'Aborted' });
  });
});
