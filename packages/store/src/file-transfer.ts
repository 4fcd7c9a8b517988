/** Files of this machine as bodies, and bodies into files. Loaded only when used: browsers have no files. */

import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './backends/files/file-system.ts';
import { toStoreError } from './backends/files/system-errors.ts';
import { replayableSource } from './body.ts';
import type { Source } from './body.ts';
import { StoreError } from './errors.ts';
import type { ObjectInfo, ObjectRead } from './object-store.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * A file as a body. A file that changes its length while it is read fails the put.
 *
 * @throws {StoreError} `NotFound`, `InvalidArgument` for what is no file
 */
export async function fileSource(path: string): Promise<Source> {
  const found = await stat(path).catch((error: unknown) => {
    throw new StoreError('NotFound', `The file ${path} cannot be read`, { operation: 'put', cause: error });
  });
  if (!found.isFile()) {
    throw new StoreError('InvalidArgument', `${path} is not a file`, { operation: 'put' });
  }
  return replayableSource(found.size, (range) => readSpan(path, range.start, range.end));
}

async function* readSpan(path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  if (start === end) return;
  // createReadStream counts the last byte in.
  for await (const chunk of createReadStream(path, { start, end: end - 1, highWaterMark: CHUNK_BYTES })) {
    yield chunk as Uint8Array;
  }
}

/** Writes a body to `path`: under another name in the same folder first, renamed when all of it is on the disk. */
export async function downloadFile(read: ObjectRead, path: string): Promise<ObjectInfo> {
  const partial = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.partial`);
  try {
    const file = await open(partial, 'wx');
    try {
      let position = 0;
      for await (const chunk of read.body) {
        for (let written = 0; written < chunk.byteLength;) {
          const { bytesWritten } = await file.write(chunk, written, chunk.byteLength - written, position);
          written += bytesWritten;
          position += bytesWritten;
        }
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await read.close();
    await rm(partial, { force: true }).catch(() => undefined);
    throw toDownloadError(error, path, read.info.key);
  }
  return read.info;
}

/** A folder that is missing must not look like a missing object. */
function toDownloadError(error: unknown, path: string, key: string): unknown {
  const errno = errnoOf(error);
  if (errno !== 'ENOENT' && errno !== 'ENOTDIR') return toStoreError(error, 'get', key);
  return new StoreError('InvalidArgument', `The folder of ${path} must be there`, {
    operation: 'get',
    key,
    cause: error,
  });
}
