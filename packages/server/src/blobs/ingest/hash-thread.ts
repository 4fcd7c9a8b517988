/**
 * A hashing thread: MD5 of bodies, in memory shared with the gateway thread, because MD5 is the slowest step of
 * receiving a large object and cannot be split. A worker entry.
 */

import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

export type HashRequest =
  | { readonly kind: 'update'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly kind: 'digest'; readonly stream: number }
  | { readonly kind: 'drop'; readonly stream: number };

/** In the order of the requests. */
export type HashReply =
  | { readonly kind: 'updated' }
  | { readonly kind: 'digest'; readonly stream: number; readonly md5: Uint8Array };

const hashes = new Map<number, Hash>();

function hashOf(stream: number): Hash {
  let hash = hashes.get(stream);
  if (hash === undefined) hashes.set(stream, (hash = createHash('md5')));
  return hash;
}

parentPort?.on('message', (request: HashRequest) => {
  const { stream } = request;
  const reply = (message: HashReply): void => parentPort?.postMessage(message);
  switch (request.kind) {
    case 'update':
      hashOf(stream).update(request.bytes);
      reply({ kind: 'updated' });
      break;
    case 'digest':
      reply({ kind: 'digest', stream, md5: hashOf(stream).digest() });
      hashes.delete(stream);
      break;
    case 'drop':
      hashes.delete(stream);
      break;
  }
});
