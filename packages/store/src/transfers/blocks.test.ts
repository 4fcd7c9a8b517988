/** What is remembered of a large download: which blocks are there, and what they are together. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { crc32 } from '@cistern/protocol';
import { Blocks } from './blocks.ts';
import { crc32Text } from './sums.ts';

const MIB = 1024 * 1024;

suite('blocks', () => {
  test('what is missing comes in pieces of whole blocks, what is there is left out', () => {
    const blocks = new Blocks(5 * MIB + 7);
    blocks.set(2 * MIB, 1);
    assert.deepEqual(
      [...blocks.missing(8 * MIB)],
      [
        { start: 0, end: 2 * MIB },
        { start: 3 * MIB, end: 5 * MIB + 7 },
      ],
    );
    assert.deepEqual([...blocks.missing(1)].length, 5);
    assert.deepEqual([...blocks.missing(2 * MIB)].at(-1), { start: 5 * MIB, end: 5 * MIB + 7 });
  });

  test('the CRC-32 of all is that of the bytes', () => {
    const bytes = randomBytes(2 * MIB + 999);
    const blocks = new Blocks(bytes.byteLength);
    for (const { start, end } of blocks.missing(1)) blocks.set(start, crc32(bytes.subarray(start, end)));
    assert.deepEqual([...blocks.missing(1)], []);
    assert.equal(blocks.crc32(), crc32Text(crc32(bytes)));
  });

  test('a text gives the same blocks again', () => {
    const blocks = new Blocks(3 * MIB);
    blocks.set(MIB, 0);
    blocks.set(2 * MIB, 0xffff_ffff);
    const again = Blocks.fromText(3 * MIB, blocks.toText());
    assert.deepEqual([...(again?.present() ?? [])], [...blocks.present()]);
    assert.deepEqual([...blocks.present()].length, 2);
  });

  test('a text that makes no sense gives none, or fewer', () => {
    for (const text of [undefined, 7, '', 'x', '5 1,2', `${2 * MIB} 1`])
      assert.equal(Blocks.fromText(3 * MIB, text), undefined, String(text));
    const odd = Blocks.fromText(3 * MIB, `${MIB} zz,123456789,-1,1,1,1`);
    assert.deepEqual([...(odd?.present() ?? [])], []);
  });

  test('of an object of terabytes little is remembered', () => {
    const blocks = new Blocks(5 * 1024 ** 4);
    assert.ok([...blocks.missing(1)].length <= 8192);
    assert.equal(blocks.blockSize % MIB, 0);
  });
});
