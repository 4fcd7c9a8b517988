/** Encrypted objects: ranges, the format's bytes, and what becomes of damage. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { collect, streamSource } from '../../body.ts';
import { isStoreError } from '../../errors.ts';
import { memory } from '../../memory.ts';
import type { Store } from '../../store.ts';
import { EncryptCodec } from './encrypt-codec.ts';
import { encrypt } from '../encrypt.ts';
import { BLOCK_BYTES, HEADER_BYTES, logicalSize, SEALED_BYTES, storedSize } from './format.ts';
import { rotateKey } from './rotate.ts';

const OLD = new Uint8Array(32).fill(1);
const NEW = new Uint8Array(32).fill(2);

function over(inner: Store): Store {
  return encrypt({ keys: { old: OLD, new: NEW }, current: 'new' }, inner);
}

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) * 7) & 0xff);
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size)
    yield await Promise.resolve(bytes.subarray(at, at + size));
}

suite('encrypt', () => {
  test('a stored size tells the logical one, and no other size is taken for one', () => {
    const valid = new Set<number>();
    for (let size = 0; size < 3 * BLOCK_BYTES; size += size % BLOCK_BYTES < 40 ? 1 : 997) {
      assert.equal(logicalSize(storedSize(size)), size);
      valid.add(storedSize(size));
    }
    assert.equal(logicalSize(HEADER_BYTES + 15), undefined);
    assert.equal(logicalSize(HEADER_BYTES + SEALED_BYTES), undefined);
    assert.equal(logicalSize(0), undefined);
    assert.ok(valid.has(storedSize(0)));
  });

  test('bodies and ranges of any size come back as they were, from memory and from streams', async () => {
    const inner = memory();
    const store = over(inner);
    for (const size of [
      0,
      1,
      BLOCK_BYTES - 1,
      BLOCK_BYTES,
      BLOCK_BYTES + 1,
      16 * BLOCK_BYTES,
      16 * BLOCK_BYTES + 5,
    ]) {
      const bytes = pattern(size);
      for (const body of [bytes, streamSource(inChunks(bytes, 50_000))]) {
        assert.equal((await store.put('a', body)).size, size);
        assert.equal((await inner.head('a')).size, storedSize(size));
        assert.equal((await store.head('a')).size, size);
        assert.deepEqual(await store.get('a').bytes(), bytes);
      }
      await fc.assert(
        fc.asyncProperty(fc.nat(size), fc.integer({ min: 1, max: size + 10 }), async (start, length) => {
          if (start >= size) return;
          const range = { start, end: start + length };
          assert.deepEqual(await store.get('a', { range }).bytes(), bytes.slice(start, start + length));
          const suffix = { suffix: length };
          assert.deepEqual(
            await store.get('a', { range: suffix }).bytes(),
            bytes.slice(Math.max(0, size - length)),
          );
          const into = new Uint8Array(Math.min(length, size - start));
          await store.readInto('a', [{ start, into }]);
          assert.deepEqual(into, bytes.slice(start, start + length));
        }),
        { numRuns: 15 },
      );
    }
  });

  test('a range reads its own blocks and no others', async () => {
    const inner = memory();
    const store = over(inner);
    const bytes = pattern(40 * BLOCK_BYTES);
    await store.put('a', bytes);
    // Everything else is made unreadable: only a read of other blocks would notice.
    const stored = await inner.get('a').bytes();
    const from = HEADER_BYTES + 20 * SEALED_BYTES;
    await inner.put(
      'a',
      stored.map((byte, at) => (at < HEADER_BYTES || (at >= from && at < from + SEALED_BYTES) ? byte : 0)),
    );
    const start = 20 * BLOCK_BYTES + 7;
    assert.deepEqual(
      await store.get('a', { range: { start, end: start + 100 } }).bytes(),
      bytes.slice(start, start + 100),
    );
    await assert.rejects(store.get('a', { range: { start: start - 100, end: start } }).bytes(), {
      code: 'Corrupt',
    });
  });

  test('what is written is what the format says, opened here with Web Crypto alone', async () => {
    let counter = 0;
    const random = (size: number): Uint8Array => Uint8Array.from({ length: size }, () => counter++ & 0xff);
    const codec = new EncryptCodec({ keys: { k1: OLD }, current: 'k1' }, random);
    const { source } = await codec.encode(
      streamSource(inChunks(new TextEncoder().encode('hello, blocks'), 4)),
      undefined,
    );
    const stored = Buffer.from(await collect(source.open()));
    assert.equal(stored.toString('hex'), KNOWN);

    const { subtle } = globalThis.crypto;
    const gcm = async (
      key: Uint8Array<ArrayBuffer>,
      iv: Uint8Array<ArrayBuffer>,
      data: Uint8Array<ArrayBuffer>,
      sealed: Uint8Array<ArrayBuffer>,
    ): Promise<Uint8Array<ArrayBuffer>> => {
      const imported = await subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
      return new Uint8Array(
        await subtle.decrypt({ name: 'AES-GCM', iv, additionalData: data }, imported, sealed),
      );
    };
    const bytes = new Uint8Array(stored);
    const dataKey = await gcm(OLD, bytes.slice(44, 56), bytes.slice(0, 44), bytes.slice(56, 104));
    const nonce = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const plain = await gcm(dataKey, nonce, bytes.slice(0, 10), bytes.slice(108));
    assert.equal(Buffer.from(plain).toString(), 'hello, blocks');
  });

  test('no flipped bit and no cut gives other bytes', async () => {
    const inner = memory();
    const store = over(inner);
    await store.put('a', 'some bytes to keep');
    const stored = await inner.get('a').bytes();
    for (let at = 0; at < stored.byteLength; at++) {
      const flipped = stored.slice();
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      await inner.put('a', flipped);
      await assert.rejects(store.get('a').bytes(), { code: 'Corrupt' }, `bit of byte ${at}`);
      await inner.put('a', stored.subarray(0, at));
      await assert.rejects(store.get('a').bytes(), { code: 'Corrupt' }, `cut at ${at}`);
      await assert.rejects(
        store.get('a', { range: { suffix: 4 } }).bytes(),
        { code: 'Corrupt' },
        `cut at ${at}`,
      );
    }
    await inner.put('a', new Uint8Array([...stored, 0]));
    await assert.rejects(store.get('a').bytes(), { code: 'Corrupt' });
  });

  test('blocks that are left out, exchanged, or taken from another object are noticed', async () => {
    const inner = memory();
    const store = over(inner);
    const bytes = pattern(3 * BLOCK_BYTES + 100);
    await store.put('a', bytes);
    await store.put('b', bytes);
    const a = Buffer.from(await inner.get('a').bytes());
    const b = Buffer.from(await inner.get('b').bytes());
    const block = (of: Buffer, index: number): Buffer =>
      of.subarray(HEADER_BYTES + index * SEALED_BYTES, HEADER_BYTES + (index + 1) * SEALED_BYTES);
    const header = a.subarray(0, HEADER_BYTES);
    const damages = {
      'the end is cut at a block': Buffer.concat([header, block(a, 0), block(a, 1)]),
      'a full block is made the last': Buffer.concat([header, block(a, 0), block(a, 1).subarray(0, 500)]),
      'a block is left out': Buffer.concat([header, block(a, 0), block(a, 2), block(a, 3)]),
      'blocks are exchanged': Buffer.concat([header, block(a, 1), block(a, 0), block(a, 2), block(a, 3)]),
      'a block is another object’s': Buffer.concat([
        header,
        block(a, 0),
        block(b, 1),
        block(a, 2),
        block(a, 3),
      ]),
    };
    for (const [what, stored] of Object.entries(damages)) {
      await inner.put('a', stored);
      await assert.rejects(store.get('a').bytes(), { code: 'Corrupt' }, what);
    }
  });

  test('a key that is not known is named, a newer format is refused', async () => {
    const inner = memory();
    await encrypt({ keys: { old: OLD }, current: 'old' }, inner).put('a', 'x');
    const other = encrypt({ keys: { new: NEW }, current: 'new' }, inner);
    await assert.rejects(other.get('a').bytes(), { code: 'Unauthenticated', message: /"old"/ });
    const wrong = encrypt({ keys: { old: NEW }, current: 'old' }, inner);
    await assert.rejects(wrong.get('a').bytes(), { code: 'Corrupt', message: /"old"/ });
    assert.throws(() => encrypt({ keys: { old: OLD }, current: 'new' }, inner), { code: 'InvalidArgument' });
    assert.throws(() => encrypt({ keys: { old: new Uint8Array(16) }, current: 'old' }, inner), {
      code: 'InvalidArgument',
    });

    const stored = Buffer.from(await inner.get('a').bytes());
    stored[8] = 2;
    const { crc32 } = await import('node:zlib');
    stored.writeUInt32LE(crc32(stored.subarray(0, 104)), 104);
    await inner.put('a', stored);
    await assert.rejects(other.get('a').bytes(), { code: 'Unsupported', message: /format 2/ });
  });

  test('rotation wraps the key anew, leaves the blocks, and does nothing twice', async () => {
    const inner = memory();
    const bytes = pattern(BLOCK_BYTES + 9);
    await encrypt({ keys: { old: OLD }, current: 'old' }, inner).put('a', bytes, {
      attributes: { contentType: 'x/y' },
    });
    const before = await inner.get('a').bytes();
    const both = over(inner);
    assert.equal(await rotateKey(both, 'a'), true);
    const rotated = await inner.get('a').bytes();
    assert.deepEqual(rotated.slice(HEADER_BYTES), before.slice(HEADER_BYTES));
    const onlyNew = encrypt({ keys: { new: NEW }, current: 'new' }, inner);
    assert.deepEqual(await onlyNew.get('a').bytes(), bytes);
    assert.equal((await onlyNew.head('a')).attributes.contentType, 'x/y');
    assert.equal(await rotateKey(both, 'a'), false);
  });

  test('an object that somebody else wrote is refused when read, and does not hide others in listings', async () => {
    const inner = memory();
    const store = over(inner);
    await inner.put('plain', 'no header here');
    await inner.put('empty', '');
    await store.put('z', 'sealed');
    await assert.rejects(store.get('plain').bytes(), (error) => isStoreError(error, 'Corrupt'));
    await assert.rejects(store.get('empty').bytes(), (error) => isStoreError(error, 'Corrupt'));
    assert.deepEqual(await Array.fromAsync(store.keys()), ['empty', 'plain', 'z']);
    assert.equal(store.toString(), 'encrypt("new", memory())');
  });
});

/** The stored bytes of 'hello, blocks' under the key k1 (32 times 01), with random bytes that count from 0. */
const KNOWN =
  '434953544e454e43011002006b31000000000000000000000000000000000000000000000000000000000000' +
  '202122232425262728292a2b' +
  'b3f82aec22bb8d3b0c9c68e790deb3569ab4601da2bb0244650bb104c341a399' +
  '73b33907d9a32f0cf18bd085d65e36ee6710c312' +
  '8a49ee53cb83cc65266b66a84fff76b15d1f59d1048d20d11fa08b86c0';
