/** Checksums: what comes back is what was written, however it is damaged. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { replayableSource, streamSource } from '../body.ts';
import { isStoreError } from '../errors.ts';
import { memory } from '../memory.ts';
import { drain, rejects, sample, sameBytes, stream } from '../testing/context.ts';
import { checksum } from './checksum.ts';
import { BLOCK_BYTES, logicalSize, storedSize, SUM_BYTES } from './checksum/format.ts';

const SIZES = [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES, 1_200_000];

suite('checksum', () => {
  test('a stored size tells the logical one, and no other size is taken for one', () => {
    const valid = new Map(
      Array.from({ length: 3 * BLOCK_BYTES }, (_, size) => [storedSize(size), size] as const),
    );
    for (let stored = 0; stored < 3 * BLOCK_BYTES; stored++) {
      assert.equal(logicalSize(stored), valid.get(stored));
    }
  });

  test('every kind of body is stored in the same form, and comes back', async () => {
    const inner = memory();
    const store = checksum('sha256', inner);
    for (const size of SIZES) {
      const bytes = sample(size);
      await store.put('a', bytes);
      const stored = await inner.get('a').bytes();
      assert.equal(stored.byteLength, storedSize(size));
      const replayable = replayableSource(size, ({ start, end }) => stream(bytes.subarray(start, end)));
      for (const body of [stream(bytes, 9999), streamSource(stream(bytes), size), replayable]) {
        const info = await store.put('b', body);
        assert.equal(info.size, size);
        sameBytes(await inner.get('b').bytes(), stored);
        sameBytes(await store.get('b').bytes(), bytes);
      }
    }
  });

  test('a body that can be opened by range is sealed by range', async () => {
    const inner = memory();
    const bytes = sample(1_200_000);
    const store = checksum('sha256', inner);
    await store.put('a', bytes);
    const stored = await inner.get('a').bytes();
    const { ChecksumCodec } = await import('./checksum/checksum-codec.ts');
    const replayable = replayableSource(bytes.byteLength, ({ start, end }) =>
      stream(bytes.subarray(start, end)),
    );
    const { source } = await new ChecksumCodec().encode(replayable, undefined);
    for (const [start, end] of [
      [0, 10],
      [BLOCK_BYTES - 5, BLOCK_BYTES + 40],
      [700_000, 1_000_000],
      [1_200_000, storedSize(1_200_000)],
    ] as const) {
      sameBytes(Buffer.concat(await drain(source.open({ start, end }))), stored.subarray(start, end));
    }
  });

  test('any damage is found before a damaged byte is given, in whole reads, ranges and reads into memory', async () => {
    const inner = memory();
    const store = checksum('sha256', inner);
    const bytes = sample(2 * BLOCK_BYTES + 1000);
    await store.put('good', bytes);
    const stored = await inner.get('good').bytes();
    const block = BLOCK_BYTES + SUM_BYTES;
    const damaged: Record<string, Uint8Array> = {
      'a bit': flip(stored, block + 500),
      'a bit of a checksum': flip(stored, block + BLOCK_BYTES + 3),
      'the last byte': flip(stored, stored.byteLength - 1),
      'a block is missing': Buffer.concat([stored.subarray(0, block), stored.subarray(2 * block)]),
      'the last block is missing': stored.subarray(0, 2 * block),
      'two are swapped': Buffer.concat([
        stored.subarray(block, 2 * block),
        stored.subarray(0, block),
        stored.subarray(2 * block),
      ]),
      'cut off': stored.subarray(0, stored.byteLength - 10),
      nothing: new Uint8Array(0),
      'not ours': sample(5000),
    };
    for (const [what, content] of Object.entries(damaged)) {
      await inner.put('a', content);
      const given: Uint8Array[] = [];
      let thrown: unknown;
      try {
        for await (const chunk of (await store.get('a')).body) given.push(chunk);
      } catch (error) {
        thrown = error;
      }
      assert.ok(isStoreError(thrown, 'Corrupt'), `${what}: ${String(thrown)}`);
      const right = Buffer.concat(given);
      sameBytes(right, bytes.subarray(0, right.byteLength));
      await rejects(store.readInto('a', new Uint8Array(200_000)), 'Corrupt');
    }
    await inner.put('a', damaged['a bit'] ?? '');
    sameBytes(
      await store.get('a', { range: { start: 10, end: BLOCK_BYTES } }).bytes(),
      bytes.subarray(10, BLOCK_BYTES),
    );
    await rejects(
      store.get('a', { range: { start: BLOCK_BYTES + 400, end: BLOCK_BYTES + 401 } }).bytes(),
      'Corrupt',
    );
  });

  test('a range takes one request, of the blocks that hold it', async () => {
    const { RecordingStore } = await import('./recording.fixtures.ts');
    const recording = new RecordingStore();
    const store = checksum('sha256', recording);
    const bytes = sample(5 * BLOCK_BYTES);
    await store.put('a', bytes);
    recording.calls.length = 0;
    const range = { start: BLOCK_BYTES + 7, end: BLOCK_BYTES + 9 };
    sameBytes(await store.get('a', { range }).bytes(), bytes.subarray(range.start, range.end));
    await store.get('a').bytes();
    await store.get('a', { range: { start: 4 * BLOCK_BYTES } }).bytes();
    assert.deepEqual(
      recording.calls.map(({ args }) => (args[1] as { range: unknown }).range),
      [
        { start: BLOCK_BYTES + SUM_BYTES, end: 2 * (BLOCK_BYTES + SUM_BYTES) },
        undefined,
        { start: 4 * (BLOCK_BYTES + SUM_BYTES) },
      ],
    );
  });

  test('another algorithm is refused', () => {
    assert.throws(() => checksum('md5' as 'sha256', memory()), { code: 'InvalidArgument' });
  });
});

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 4;
  return copy;
}
