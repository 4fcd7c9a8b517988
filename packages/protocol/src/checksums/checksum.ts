/**
 * @module Running checksums in S3's algorithms, each done by native code.
 *
 * Bytes may lie in shared memory. Nothing here compares digests or reads headers.
 */

import { crc32 as nativeCrc32, crc32c } from '@node-rs/crc32';
import { createHash, hash } from 'node:crypto';

import type { ChecksumAlgorithm } from './algorithm.ts';
import { Crc64Nvme, loadCrc64Nvme } from './crc64nvme.ts';

export interface Checksum {
  update(bytes: Uint8Array): void;
  /** The digest of all bytes so far, CRCs in big-endian order. Call it once, last. */
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
  return loadCrc64Nvme();
}

/** @throws Error for CRC64NVME before `loadChecksums` has settled */
export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
  switch (algorithm) {
    case 'CRC32':
      return new Crc32(crc32);
    case 'CRC32C':
      return new Crc32(crc32c);
    case 'CRC64NVME':
      return new Crc64Nvme();
    case 'SHA1':
      return createHash('sha1');
    case 'SHA256':
      return createHash('sha256');
  }
}

/** The digest of bytes that are all at hand. */
export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Buffer {
  if (algorithm === 'SHA1') return hash('sha1', bytes, 'buffer');
  if (algorithm === 'SHA256') return hash('sha256', bytes, 'buffer');
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
