/** A hasher with a hashing thread of its own, as the main thread gives one to HTTP threads, and bytes for it. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { HashHandle } from '../../threads/hash-handle.ts';
import { Md5Hasher } from './md5.ts';
import type { Md5 } from './md5.ts';
import { SlabPool } from './slab-pool.ts';

interface Cleanup {
  after(work: () => Promise<void>): void;
}

/** @param handle of a thread that is shared with others, whose it is to close */
export function openHasher(t: Cleanup, handle?: HashHandle): Md5Hasher {
  const threads = handle ?? openHashHandle(t);
  const hasher = new Md5Hasher((port) => threads.connect(port));
  t.after(async () => hasher.close());
  return hasher;
}

/** Fails the test when the thread cannot be started. */
export function openHashHandle(t: Cleanup): HashHandle {
  const fail = (error: unknown): never => {
    throw error;
  };
  const handle = new HashHandle({ onRefused: fail, onCrash: fail });
  t.after(() => handle.close());
  return handle;
}

const slabs = new SlabPool({ extra: 200, perUser: 200 }).share();

/** Resolves when the slab is given back. */
export function update(md5: Md5, bytes: Buffer): Promise<void> {
  const slab = slabs.take();
  assert.ok(slab);
  bytes.copy(slab.bytes);
  return new Promise((resolve) => md5.update(slab, bytes.length, resolve));
}

export const digestOf = (...pieces: Buffer[]): string =>
  createHash('md5').update(Buffer.concat(pieces)).digest('hex');

/** Each of `hashed` ends with the MD5 of its own body. */
export async function expectDigests(
  hashed: readonly Md5[],
  bodies: readonly (readonly Buffer[])[],
): Promise<void> {
  const digests = await Promise.all(hashed.map((md5) => md5.digest()));
  assert.deepEqual(
    digests.map((digest) => digest.toString('hex')),
    bodies.map((pieces) => digestOf(...pieces)),
  );
}
