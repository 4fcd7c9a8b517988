/** A hasher with a hashing thread of its own, as the main thread gives one to HTTP threads. */

import { HashHandle } from '../../threads/hash-handle.ts';
import { Md5Hasher } from './md5.ts';

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
