/**
 * A temporary file for what was put and is not in the archive yet: packed bytes, in runs, of any number of puts at once. It
 * has no name from the beginning on, where the system allows that, so that nothing is left of it after a crash.
 */

import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FileSource } from './archive-source.ts';
import type { Run } from './packed-data.ts';

export class Spool extends FileSource {
  readonly #path: string;
  readonly #handle: FileHandle;
  #end = 0;

  private constructor(path: string, handle: FileHandle) {
    super('The temporary file of a zip archive', handle, Number.MAX_SAFE_INTEGER);
    this.#path = path;
    this.#handle = handle;
  }

  static async create(folder: string): Promise<Spool> {
    const path = join(folder, `.cistern-${randomBytes(8).toString('hex')}.spool`);
    const handle = await open(path, 'wx+', 0o600);
    // Windows keeps the name of what is open.
    await rm(path, { force: true }).catch(() => undefined);
    return new Spool(path, handle);
  }

  /** Appends to what was written; extends the last of `runs` where nothing came between. */
  async append(bytes: Uint8Array, runs: Run[]): Promise<void> {
    const start = this.#end;
    const end = start + bytes.byteLength;
    this.#end = end;
    for (let written = 0; written < bytes.byteLength;) {
      const length = bytes.byteLength - written;
      const { bytesWritten } = await this.#handle.write(bytes, written, length, start + written);
      written += bytesWritten;
    }
    const last = runs.at(-1);
    if (last?.end === start) runs[runs.length - 1] = { start: last.start, end };
    else runs.push({ start, end });
  }

  protected override close(): void {
    super.close();
    rm(this.#path, { force: true }).catch(() => undefined);
  }
}
