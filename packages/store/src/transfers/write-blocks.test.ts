/** Chunks of any size into blocks of any size: each byte where it belongs, each block with its own CRC-32. */

import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { crc32 } from '@cistern/protocol';
import { rejects } from '../testing/context.ts';
import { Blocks } from './blocks.ts';
import { BlockFile, writeBlocks } from './write-blocks.ts';

const MIB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'cistern-blocks-'));
after(() => rmSync(folder, { recursive: true }));

async function* cut(bytes: Uint8Array, most: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength;) {
    const end = Math.min(bytes.byteLength, start + randomInt(1, most));
    yield await Promise.resolve(bytes.subarray(start, end));
    start = end;
  }
}

suite('blocks of a file', () => {
  for (const [blockSize, chunkMost] of [
    [MIB, 100_000],
    [MIB, 5 * MIB],
    [3 * MIB, 700_000],
    [10_000, 9000],
    [10_000, 90_000],
  ] as const) {
    test(`of ${blockSize} bytes, from chunks of up to ${chunkMost}`, async () => {
      const bytes = randomBytes(8 * MIB - 77);
      const blocks = new Blocks(bytes.byteLength, blockSize);
      const path = join(folder, `${blockSize}-${chunkMost}`);
      const file = await open(path, 'wx+');
      let written = 0;
      for (const run of blocks.missing(3 * MIB)) {
        const chunks = cut(bytes.subarray(run.start, run.end), chunkMost);
        await writeBlocks(new BlockFile(file), blocks, run, chunks, (count) => {
          written += count;
          return Promise.resolve();
        });
      }
      await file.close();
      assert.equal(written, bytes.byteLength);
      assert.ok(readFileSync(path).equals(bytes));
      const present = [...blocks.present()];
      assert.equal(present.length, Math.ceil(bytes.byteLength / blockSize));
      for (const { start, end, crc32: sum } of present) {
        assert.equal(sum, crc32(bytes.subarray(start, end)));
      }
    });
  }

  test('more or fewer bytes than were asked for are refused', async () => {
    const file = await open(join(folder, 'odd'), 'wx+');
    for (const size of [999, 1001]) {
      const blocks = new Blocks(5000, 500);
      const chunks = cut(randomBytes(size), 300);
      await rejects(
        writeBlocks(new BlockFile(file), blocks, { start: 0, end: 1000 }, chunks, () => Promise.resolve()),
        'Unexpected',
      );
    }
    await file.close();
  });
});
