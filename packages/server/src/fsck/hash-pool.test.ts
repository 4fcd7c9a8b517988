/** Blobs are hashed the same by the asking thread and by others. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PlaceReader } from './blob-places.ts';
import type { BlobPlace } from './blob-places.ts';
import type { HashAnswer } from './hash-blob.ts';
import { HashPool } from './hash-pool.ts';

const root = await mkdtemp(join(tmpdir(), 'cistern-hash-'));
after(() => rm(root, { recursive: true, force: true }));
const place: BlobPlace = { kind: 'directory', root, area: '' };
await mkdir(join(root, 'blobs'));

const FILES = 5;
const BYTES = 600_000;
const bodies = Array.from({ length: FILES }, () => randomBytes(BYTES));
for (const [i, body] of bodies.entries()) await writeFile(join(root, 'blobs', `${i}`), body);

/** @param length that the catalog would tell: what is too much for the asking thread goes to another */
async function hashAll(length: number): Promise<HashAnswer[]> {
  const reader = new PlaceReader();
  const pool = new HashPool(2, reader);
  try {
    const names = [...bodies.keys(), 'missing'];
    return await Promise.all(names.map((name) => pool.hash({ place, location: `${name}`, length })));
  } finally {
    await pool.close();
    await reader.close();
  }
}

for (const [who, length] of [
  ['the asking thread', BYTES],
  ['threads of the pool', 1024 ** 4],
] as const) {
  test(`${who} tells sizes, hashes and what cannot be read`, async () => {
    const answers = await hashAll(length);
    for (const [i, body] of bodies.entries()) {
      const answer = answers[i];
      assert.ok(answer !== undefined && 'size' in answer);
      assert.equal(answer.size, BYTES);
      const expected = createHash('sha256').update(body).digest('hex');
      assert.equal(Buffer.from(answer.sha256).toString('hex'), expected);
    }
    const missing = answers.at(-1);
    assert.ok(missing !== undefined && 'code' in missing);
    assert.equal(missing.code, 'ENOENT');
  });
}
