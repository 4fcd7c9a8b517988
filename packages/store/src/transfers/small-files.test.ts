/** @module Small files, written in this thread or in the one beside it: the same files, the same errors. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { SmallFiles } from './small-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'cistern-small-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const MODIFIED = new Date('2026-01-02T03:04:05.678Z');

for (const [where, first] of [
  ['this thread', Number.POSITIVE_INFINITY],
  ['the thread beside it', 0],
] as const) {
  suite(`small files in ${where}`, () => {
    const files = new SmallFiles(first);
    const root = join(folder, where);
    mkdirSync(root);
    const write = (name: string, creates = true): Parameters<SmallFiles['write']>[0] => {
      return { key: name, path: join(root, name), creates, durable: false };
    };

    test('many at once, of all sizes, with the time of their objects, and nothing beside them', async () => {
      const sizes = Array.from({ length: 300 }, (_, index) => (index < 290 ? index * 7 : index * 1000));
      const bodies = sizes.map((size, index) => new Uint8Array(size).fill(index));
      const infos = await Promise.all(
        bodies.map((body, index) => files.write(write(`many ${index}`), body, MODIFIED)),
      );
      for (const [index, { key, size, lastModified, etag }] of infos.entries()) {
        const path = join(root, `many ${index}`);
        assert.deepEqual([key, size, lastModified], [`many ${index}`, sizes[index], MODIFIED]);
        assert.notEqual(etag, '');
        assert.deepEqual(new Uint8Array(readFileSync(path)), bodies[index]);
        assert.equal(statSync(path).mtime.getTime(), MODIFIED.getTime());
      }
      assert.equal(readdirSync(root).length, 300);
    });

    test('a part of larger memory, which is the caller’s again afterwards', async () => {
      const memory = new Uint8Array(100_000).fill(1);
      const part = memory.subarray(10, 20).fill(2);
      await files.write(write('part'), part, MODIFIED);
      assert.deepEqual(
        [...readFileSync(join(root, 'part'))],
        Array.from({ length: 10 }, () => 2),
      );
      assert.equal(memory.byteLength, 100_000);
    });

    test('what fails says why, with the system’s own words behind it, and the others go on', async () => {
      writeFileSync(join(root, 'there'), 'old');
      mkdirSync(join(root, 'folder'));
      const results = await Promise.allSettled([
        files.write(write('there'), new Uint8Array(3), MODIFIED),
        files.write(write('folder', false), new Uint8Array(3), MODIFIED),
        files.write(write('no folder/x'), new Uint8Array(3), MODIFIED),
        files.write(write('there', false), new Uint8Array(3), MODIFIED),
      ]);
      const codes = results.map((one) =>
        one.status === 'rejected'
          ? (({ code, cause }) => [code, cause.code])(one.reason as { code: string; cause: { code: string } })
          : one.value.size,
      );
      assert.deepEqual(codes, [
        ['AlreadyExists', 'EEXIST'],
        ['Conflict', 'EISDIR'],
        ['NotFound', 'ENOENT'],
        3,
      ]);
      assert.deepEqual([...readFileSync(join(root, 'there'))], [0, 0, 0]);
      assert.ok(!readdirSync(root).some((name) => name.endsWith('.cistern-partial')));
    });
  });
}
