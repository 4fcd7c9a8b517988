/** Compressed objects: the contract, ranges, what other decoders make of them, and what becomes of damage. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, suite, test } from 'node:test';
import { crc32, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { streamSource } from '../../body.ts';
import { isStoreError } from '../../errors.ts';
import { memory } from '../../memory.ts';
import { contract } from '../../testing/contract.ts';
import { compress } from '../compress.ts';
import { FOOTER_BYTES } from './format.ts';

const FRAME = 4096;

/** Text that shrinks and noise that does not, in turns. */
function mixture(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 3 * FRAME) {
    const text = Buffer.from(`the line at ${at} is much like others\n`.repeat(FRAME / 16));
    bytes.set(text.subarray(0, Math.min(2 * FRAME, size - at)), at);
    const noise = at + 2 * FRAME;
    if (noise < size) bytes.set(randomBytes(Math.min(FRAME, size - noise)), noise);
  }
  return bytes;
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size)
    yield await Promise.resolve(bytes.subarray(at, at + size));
}

contract({
  name: 'compress in frames of 4 KiB over memory',
  runner: { suite, test, after },
  open: () => Promise.resolve(compress({ frameBytes: FRAME, level: 1 }, memory())),
});

suite('compress', () => {
  test('bodies and ranges of any size come back as they were, and zstd reads them whole', async () => {
    const inner = memory();
    const store = compress({ frameBytes: FRAME }, inner);
    for (const size of [0, 1, FRAME - 1, FRAME, FRAME + 1, 7 * FRAME, 300 * FRAME + 5]) {
      const bytes = mixture(size);
      for (const body of [bytes, streamSource(inChunks(bytes, 5000))]) {
        assert.equal((await store.put('a', body)).size, size);
        assert.equal((await store.head('a')).size, size);
        assert.deepEqual(await store.get('a').bytes(), bytes);
      }
      const stored = await inner.get('a').bytes();
      if (size > 0) assert.deepEqual(new Uint8Array(zstdDecompressSync(stored)), bytes);
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

  test('text shrinks; noise grows by less than a thousandth, and is read as it is stored', async () => {
    const inner = memory();
    const store = compress({}, inner);
    const text = 'a line of a log\n'.repeat(100_000);
    await store.put('text', text);
    assert.ok((await inner.head('text')).size < text.length / 20);
    const noise = randomBytes(3_000_000);
    await store.put('noise', noise);
    assert.ok((await inner.head('noise')).size < noise.length * 1.001);
    assert.deepEqual(await store.get('noise').bytes(), new Uint8Array(noise));
  });

  test('a range reads its own frames and the end, and nothing else', async () => {
    const inner = memory();
    const store = compress({ frameBytes: 64 * 1024 }, inner);
    const bytes = randomBytes(40 * 64 * 1024);
    await store.put('a', bytes);
    const stored = await inner.get('a').bytes();
    const from = Math.floor(stored.byteLength / 2);
    // The first half is made unreadable: only a read of it would notice.
    await inner.put(
      'a',
      stored.map((byte, at) => (at < from ? 0 : byte)),
    );
    const start = 30 * 64 * 1024 + 7;
    assert.deepEqual(
      await store.get('a', { range: { start, end: start + 100_000 } }).bytes(),
      new Uint8Array(bytes.subarray(start, start + 100_000)),
    );
    await assert.rejects(store.get('a', { range: { start: 100, end: 200 } }).bytes(), { code: 'Corrupt' });
  });

  test('listings give the sizes of heads, of the state that they show; or the stored ones if that is wanted', async () => {
    const inner = memory();
    const store = compress({}, inner);
    for (let i = 0; i < 40; i++) await store.put(`k${i}`, 'x'.repeat(i * 1000));
    await inner.put('zz', 'not compressed by us, and it must not hide the others');
    const sizes = new Map<string, number>();
    for await (const entry of store.list()) if (entry.type === 'object') sizes.set(entry.key, entry.size);
    for (let i = 0; i < 40; i++) assert.equal(sizes.get(`k${i}`), i * 1000);
    assert.equal(sizes.size, 41);
    const stored = compress({ listedSizes: 'stored' }, inner);
    for await (const entry of stored.list({ prefix: 'k39' })) {
      assert.ok(entry.type === 'object' && entry.size < 1000);
    }
    assert.equal(store.toString(), 'compress(3, memory())');
  });

  test('no flipped bit and no cut gives other bytes', async () => {
    const inner = memory();
    const store = compress({ frameBytes: FRAME }, inner);
    for (const original of [Buffer.from('some text, some text, some text, some text'), randomBytes(60)]) {
      const expected = new Uint8Array(original);
      await store.put('a', original);
      const stored = await inner.get('a').bytes();
      for (let at = 0; at < stored.byteLength; at++) {
        const flipped = stored.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        await inner.put('a', flipped);
        // Bits that decoding does not depend on may be other ones: those of headers that only other decoders read.
        const bytes = await store
          .get('a')
          .bytes()
          .catch((error: unknown) => {
            assert.ok(isStoreError(error, 'Corrupt'), String(error));
            return expected;
          });
        assert.deepEqual(bytes, expected, `bit of byte ${at}`);
        await inner.put('a', stored.subarray(0, at));
        await assert.rejects(store.get('a').bytes(), { code: 'Corrupt' }, `cut at ${at}`);
        await assert.rejects(store.head('a'), { code: 'Corrupt' }, `cut at ${at}`);
      }
    }
  });

  test('a footer that promises more than there is, or another format, is refused before anything is made room for', async () => {
    const inner = memory();
    const store = compress({ frameBytes: FRAME }, inner);
    await store.put('a', 'x'.repeat(10_000));
    const stored = Buffer.from(await inner.get('a').bytes());
    const change = async (edit: (footer: Buffer) => void): Promise<void> => {
      const changed = Buffer.from(stored);
      const footer = changed.subarray(changed.byteLength - FOOTER_BYTES);
      edit(footer);
      footer.writeUInt32LE(crc32(footer.subarray(0, 24)), 24);
      await inner.put('a', changed);
    };
    for (const [size, count, frame] of [
      [2n ** 60n, 3, FRAME],
      [2n ** 50n, 0xffff_ffff, FRAME],
      [2n ** 40n, 2 ** 16, 2 ** 24],
      [12_000n, 3, FRAME],
      [10_000n, 3, 0],
      [10_000n, 1, 2 ** 31],
    ] as const) {
      await change((footer) => {
        footer.writeBigUInt64LE(size, 0);
        footer.writeUInt32LE(count, 8);
        footer.writeUInt32LE(frame, 12);
      });
      await assert.rejects(store.get('a').bytes(), { code: 'Corrupt' }, `${size}/${count}/${frame}`);
    }
    await change((footer) => footer.writeUInt8(2, 16));
    await assert.rejects(store.get('a').bytes(), { code: 'Unsupported', message: /format 2/ });
  });

  test('a frame that decodes to more than its share is refused', async () => {
    const inner = memory();
    const store = compress({ frameBytes: FRAME }, inner);
    await store.put('bomb', new Uint8Array(FRAME));
    const large = compress({ frameBytes: 2 ** 20 }, inner);
    await large.put('large', new Uint8Array(2 ** 20));
    const bomb = Buffer.from(await inner.get('bomb').bytes());
    const frame = Buffer.from(await inner.get('large').bytes()).subarray(0, -(FOOTER_BYTES + 16));
    await putFrame(inner, bomb, frame);
    await assert.rejects(store.get('bomb').bytes(), { code: 'Corrupt', message: /decompress/ });
  });

  test('a frame that has far more bytes than it decodes to is not read', async () => {
    const inner = memory();
    const store = compress({ frameBytes: FRAME }, inner);
    await store.put('bomb', new Uint8Array(FRAME));
    const bomb = Buffer.from(await inner.get('bomb').bytes());
    await putFrame(inner, bomb, Buffer.alloc(64 * FRAME));
    await assert.rejects(store.get('bomb').bytes(), { code: 'Corrupt', message: /far more bytes/ });
  });

  /** Stores the object of one frame with another one. */
  async function putFrame(inner: ReturnType<typeof memory>, object: Buffer, frame: Buffer): Promise<void> {
    const tail = object.subarray(object.byteLength - FOOTER_BYTES - 16);
    tail.writeUInt32LE(frame.byteLength, 8);
    const footer = tail.subarray(16);
    footer.writeUInt32LE(crc32(tail.subarray(8, 16)), 20);
    footer.writeUInt32LE(crc32(footer.subarray(0, 24)), 24);
    await inner.put('bomb', Buffer.concat([frame, tail]));
  }

  test('options that make no sense are refused', () => {
    for (const options of [{ level: 0 }, { level: 23 }, { frameBytes: 100 }, { frameBytes: 2 ** 30 }]) {
      assert.throws(() => compress(options, memory()), { code: 'InvalidArgument' });
    }
  });
});
