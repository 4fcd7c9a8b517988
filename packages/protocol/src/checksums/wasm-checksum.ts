/**
 * @module Checksums over WebAssembly, those that Node.js does not have: many running ones on one instance of each.
 *
 * The instances belong to the thread. Compiling is asynchronous, so they are loaded once before the first checksum;
 * afterwards everything is synchronous, and between two calls the whole state of a checksum is 12 to 580 saved bytes.
 */

import type { IHasher } from 'hash-wasm';

export type WasmAlgorithm = 'CRC64NVME' | 'XXHASH64' | 'XXHASH3' | 'XXHASH128';

/** The polynomial of the NVM Express specification, bit-reversed. */
const POLYNOMIAL = '9a6c9329ac4bc9b5';

let instances: Readonly<Record<WasmAlgorithm, IHasher>> | undefined;
let loading: Promise<void> | undefined;

/** Compiles the instances of this thread (some 5 ms); later calls return the same promise. */
export function loadWasmChecksums(): Promise<void> {
  return (loading ??= load());
}

/** Whether `loadWasmChecksums` has settled in this thread. */
export function hasWasmChecksums(): boolean {
  return instances !== undefined;
}

/** The package holds some twenty hashes, and most threads compute none of them. */
async function load(): Promise<void> {
  const { createCRC64, createXXHash64, createXXHash3, createXXHash128 } = await import('hash-wasm');
  const [crc64, xxh64, xxh3, xxh128] = await Promise.all([
    createCRC64(POLYNOMIAL),
    createXXHash64(),
    createXXHash3(),
    createXXHash128(),
  ]);
  instances = { CRC64NVME: crc64, XXHASH64: xxh64, XXHASH3: xxh3, XXHASH128: xxh128 };
}

export class WasmChecksum {
  readonly #hasher: IHasher;
  #state: Uint8Array | undefined;

  constructor(algorithm: WasmAlgorithm) {
    if (instances === undefined) throw new Error(`${algorithm} is not loaded: await loadChecksums() first`);
    this.#hasher = instances[algorithm];
  }

  update(bytes: Uint8Array): void {
    this.#resume().update(bytes);
    this.#state = this.#hasher.save();
  }

  /** Big-endian. */
  digest(): Buffer {
    return Buffer.from(this.#resume().digest('binary'));
  }

  #resume(): IHasher {
    return this.#state === undefined ? this.#hasher.init() : this.#hasher.load(this.#state);
  }
}
