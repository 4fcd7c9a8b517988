/** The layer `checksum`: what is read is what was written, or an error. */

import { StoreError } from '../errors.ts';
import type { ObjectStore } from '../object-store.ts';
import { Store, toStore } from '../store.ts';
import { ChecksumCodec } from './checksum/checksum-codec.ts';
import { CodecStore } from './codec/codec-store.ts';

/**
 * Keeps a SHA-256 with every 64 KiB of an object, and checks it whenever these are read: ranges and `readInto`, too. Bytes that
 * are not those that were written, in their place and to their end, reject with `Corrupt` before any of them is given.
 *
 * The checksums stand between the bytes (32 for every 64 KiB), since that of a stream is known only at its end, when an
 * object's metadata has been sent. So what is stored is not the object's bytes alone: other programs read it through this
 * layer, and objects that were written without it are `Corrupt` to it. Format: checksum/format.ts. It is no defence against those
 * who can write to the store; `encrypt` is.
 *
 * Sizes in heads and listings are computed, without reading. Etags and conditions are those of the store below. No live uploads, no
 * presigned URLs (`Unsupported`).
 *
 * @param algorithm `sha256`, the one there is
 * @throws {StoreError} `InvalidArgument`
 */
export function checksum(algorithm: 'sha256', store: ObjectStore): Store {
  if (algorithm !== 'sha256') {
    throw new StoreError('InvalidArgument', `The checksum is sha256, not ${JSON.stringify(algorithm)}`, {
      operation: 'open',
    });
  }
  return new Store(new CodecStore('checksum("sha256"', new ChecksumCodec(), toStore(store).inner));
}
