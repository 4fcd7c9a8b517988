/** The layer that encrypts what a store keeps. */

import { toStore } from '../store.ts';
import { Store } from '../store.ts';
import type { ObjectStore } from '../object-store.ts';
import { CodecStore } from './codec/codec-store.ts';
import { EncryptCodec } from './encrypt/encrypt-codec.ts';

export interface EncryptOptions {
  /** master keys by their ids (1 to 32 bytes of UTF-8, readable by anyone): 32 random bytes each */
  readonly keys: Readonly<Record<string, Uint8Array>>;
  /** id of the key for what is written; the others are for reading what was written with them */
  readonly current: string;
}

/**
 * Encrypts objects with AES-256-GCM in blocks of 64 KiB that are authenticated one by one, so that ranges are read by reading
 * their blocks. Each object has a random key of its own, which the current master key wraps. Format: docs/store-formats.md.
 *
 * Hidden and proven: the bytes of objects. Not hidden: keys (names), attributes, sizes. Not proven: that an object is the latest that was
 * written to its key, or that it was written to this key and not another (so that copies inside the store stay free). A
 * changed, moved, reordered or missing block rejects with `Corrupt` before any byte of it is given.
 *
 * Sizes in heads and listings are computed from the stored ones, without reading. Etags and conditions are those of the
 * store below. No live uploads, no presigned URLs (`Unsupported`). Bodies from streams and files are read once: to repeat
 * failed puts of those place `retry` around this layer, not below.
 *
 * @throws {StoreError} `InvalidArgument` for keys that are none
 */
export function encrypt({ keys, current }: EncryptOptions, store: ObjectStore): Store {
  const codec = new EncryptCodec({ keys, current });
  return new Store(new CodecStore(`encrypt(${JSON.stringify(current)}`, codec, toStore(store).inner));
}
