/**
 * @module Running checksums in S3's algorithms, each done by native code.
 *
 * Bytes may lie in shared memory. Nothing here compares digests or reads headers.
 */

import { crc32 as nativeCrc32, crc32c } from '@node-rs/crc32';
import { createHash, hash } from 'node:crypto';

import type { ChecksumAlgorithm } from './algorithm.ts';
import { hasWasmChecksums, loadWasmChecksums, WasmChecksum } from './wasm-checksum.ts';

export interface Checksum {
  update(bytes: Uint8Array): void;
  /** The digest of all bytes so far, CRCs and XXHashes in big-endian order. Call it once, last. */
  digest(): Buffer;
}

/**
 * CRC-32 of bytes that follow those of `state`; 0 at the beginning. Three times as fast as zlib's (8.6 GB/s to 2.6), and no
 * slower from 256 bytes on.
 */
export function crc32(bytes: Uint8Array, state = 0): number {
  return nativeCrc32(bytes, state);
}

/** Loads what has to be loaded asynchronously; await it once in each thread, before the first checksum. */
export function loadChecksums(): Promise<void> {
  return loadWasmChecksums();
}

/** What has a digest in Node.js; the others are ours, or WebAssembly's. */
const NATIVE = { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512' } as const;

function isNative(algorithm: ChecksumAlgorithm): algorithm is keyof typeof NATIVE {
  return algorithm in NATIVE;
}

/** Whether this thread can compute it; CRC64NVME and XXHashes it can when `loadChecksums` has settled. */
export function canCompute(algorithm: ChecksumAlgorithm): boolean {
  return isNative(algorithm) || algorithm === 'CRC32' || algorithm === 'CRC32C' || hasWasmChecksums();
}

/** @throws Error where `canCompute` says no */
export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
  if (isNative(algorithm)) return createHash(NATIVE[algorithm]);
  if (algorithm === 'CRC32') return new Crc32(crc32);
  if (algorithm === 'CRC32C') return new Crc32(crc32c);
  return new WasmChecksum(algorithm);
}

/** The digest of bytes that are all at hand. */
export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Buffer {
  if (isNative(algorithm)) return hash(NATIVE[algorithm], bytes, 'buffer');
  const checksum = createChecksum(algorithm);
  checksum.update(bytes);
  return checksum.digest();
}

class Crc32 implements Checksum {
  readonly #step: (bytes: Uint8Array, state: number) => number;
  #state = 0;

  constructor(step: (bytes: Uint8Array, state: number) => number) {
    this.#step = step;
  }

  update(bytes: Uint8Array): void {
    this.#state = this.#step(bytes, this.#state);
  }

  digest(): Buffer {
    const digest = Buffer.allocUnsafe(4);
    digest.writeUInt32BE(this.#state);
    return digest;
  }
}
