/**
 * @module Files to upload, random and all different, so that a server can neither compress nor deduplicate them.
 */

import { randomBytes, randomFillSync } from 'node:crypto';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK_BYTES = 2 ** 20;

export interface Bodies {
  files: readonly string[];
  /** changes the beginning of every file, so that it can be uploaded again as other content */
  renew(): void;
  remove(): void;
}

/** Makes `count` files of `bytes` each in `directory`; throws when they would not fit there. */
function makeBodies(directory: string, count: number, bytes: number): Bodies {
  const space = statfsSync(directory);
  if (count * bytes * 1.2 > space.bavail * space.bsize) {
    throw new Error(`${directory} has no room for ${count} files of ${bytes} bytes`);
  }
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  const files = Array.from({ length: count }, (_, index) => join(directory, `body-${index}`));
  for (const file of files) {
    const handle = openSync(file, 'w');
    for (let written = 0; written < bytes; written += BLOCK_BYTES) {
      randomFillSync(block);
      writeSync(handle, block, 0, Math.min(BLOCK_BYTES, bytes - written));
    }
    closeSync(handle);
  }
  return {
    files,
    renew: () => files.forEach(renewFile),
    remove: () => files.forEach((file) => rmSync(file, { force: true })),
  };
}

function renewFile(file: string): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, randomBytes(16), 0, 16, 0);
  closeSync(handle);
}

/** Keeps the bodies that were made last, for when the next row needs as many of the same size: gigabytes take seconds. */
export class BodyPool {
  readonly #directory: string;
  #kept: { bodies: Bodies; bytes: number } | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Bodies of other content than those taken before; they are valid until the next ones are taken. */
  take(count: number, bytes: number): Bodies {
    const kept = this.#kept;
    if (kept?.bytes === bytes && kept.bodies.files.length === count) {
      kept.bodies.renew();
      return kept.bodies;
    }
    kept?.bodies.remove();
    const bodies = makeBodies(this.#directory, count, bytes);
    this.#kept = { bodies, bytes };
    return bodies;
  }
}
