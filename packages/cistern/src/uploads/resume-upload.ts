/** Goes on with an upload from a file, after the bytes that are there were compared with the file's. */

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { createHash } from 'node:crypto';
import type { ObjectInfo, PutMode, Store } from '@cistern/store';
import type { PartTarget, StoredPart } from '@cistern/store/transfers';
import { Failure } from '../failures/failure.ts';
import type { OpenUpload } from './find-uploads.ts';

export interface ResumeOptions {
  readonly mode: PutMode;
  readonly signal: AbortSignal;
  /** called as bytes are sent; `isResumed`: they were there before */
  readonly onBytes: (bytes: number, isResumed: boolean) => void;
}

export interface SourceFile {
  readonly path: string;
  /** bytes */
  readonly size: number;
}

/** What was sent stays when it fails or is stopped. @throws {Failure} when what is there is not the file's beginning */
export async function resumeUpload(
  store: Store,
  upload: OpenUpload,
  file: SourceFile,
  options: ResumeOptions,
): Promise<ObjectInfo> {
  if (upload.isLive) return resumeLive(store, upload, file, options);
  if (upload.parts === undefined) throw new Error('an upload of no kind');
  return resumeParts(upload.parts, upload, file, options);
}

async function resumeLive(
  store: Store,
  { key, id }: OpenUpload,
  file: SourceFile,
  { mode, signal, onBytes }: ResumeOptions,
): Promise<ObjectInfo> {
  const writer = await store.upload(key, { resume: id, signal });
  try {
    // From now on nobody else commits to it.
    const { committed } = writer;
    await checkBeginning(store, { key, id, committed }, file, signal);
    onBytes(committed, true);
    if (committed < file.size) {
      for await (const chunk of createReadStream(file.path, {
        start: committed,
        end: file.size - 1,
        signal,
      })) {
        await writer.write(chunk as Buffer);
        onBytes((chunk as Buffer).byteLength, false);
      }
    }
    return await writer.complete({ mode, signal });
  } catch (error) {
    if (signal.aborted) await writer.flush().catch(() => undefined);
    await writer.detach();
    throw error;
  }
}

async function checkBeginning(
  store: Store,
  { key, id, committed }: { readonly key: string; readonly id: string; readonly committed: number },
  { path, size }: SourceFile,
  signal: AbortSignal,
): Promise<void> {
  if (committed > size) throw differs(`it has ${committed} bytes, and the file ${size}`);
  if (committed === 0) return;
  await using reader = await store.openUpload(key, id, { signal });
  const file = await open(path);
  try {
    let at = 0;
    for await (const chunk of reader.read({ start: 0, end: committed }, { signal })) {
      const own = Buffer.allocUnsafe(chunk.byteLength);
      const { bytesRead } = await file.read(own, 0, own.byteLength, at);
      if (Buffer.compare(own.subarray(0, bytesRead), chunk) !== 0) {
        throw differs(`they differ between byte ${at} and ${at + chunk.byteLength}`);
      }
      at += chunk.byteLength;
    }
  } finally {
    await file.close();
  }
}

/** Parts of one size, of which those that are there whole stay. */
async function resumeParts(
  target: PartTarget,
  { key, id }: OpenUpload,
  source: SourceFile,
  { mode, signal, onBytes }: ResumeOptions,
): Promise<ObjectInfo> {
  const object = { key, id };
  const there = await target.list(object, { signal });
  const partSize = there[0]?.number === 1 ? there[0].size : target.partSize(source.size);
  const count = Math.max(1, Math.ceil(source.size / partSize));
  await using file = new PartFile(await open(source.path), source.size, partSize);
  const parts: (StoredPart | undefined)[] = Array.from({ length: count });
  // All of them are looked at before anything is sent.
  for (const part of there) {
    const { number, size } = part;
    if (number > count) throw differs('it has more parts than the file');
    const bytes = await file.read(number);
    signal.throwIfAborted();
    if (size !== bytes.byteLength) continue;
    if (!isSame(part, bytes)) throw differs(`part ${number} is another one`);
    parts[number - 1] = part;
    onBytes(size, true);
  }
  const missing = parts.flatMap((part, index) => (part === undefined ? [index + 1] : []));
  const send = async (): Promise<void> => {
    for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
      const bytes = await file.read(number);
      parts[number - 1] = await target.send(object, number, bytes, { signal });
      onBytes(bytes.byteLength, false);
    }
  };
  const sending = Array.from({ length: target.concurrency }, async () => {
    try {
      await send();
    } catch (error) {
      missing.length = 0;
      throw error;
    }
  });
  const failed = (await Promise.allSettled(sending)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  const whole = parts.flatMap((part) => part ?? []);
  return await target.complete(object, whole, { mode, signal });
}

/** A file in parts. */
class PartFile implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #partSize: number;

  constructor(file: FileHandle, size: number, partSize: number) {
    this.#file = file;
    this.#size = size;
    this.#partSize = partSize;
  }

  /** @param number from 1 on */
  async read(number: number): Promise<Buffer> {
    const start = (number - 1) * this.#partSize;
    const bytes = Buffer.allocUnsafe(Math.min(this.#partSize, this.#size - start));
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.byteLength, start);
    if (bytesRead < bytes.byteLength) throw new Failure('The file has become shorter meanwhile');
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** By the sums that the service tells. @throws {Failure} when it tells none */
function isSame({ crc32: sum, md5 }: StoredPart, bytes: Uint8Array): boolean {
  if (sum !== undefined) {
    const digest = Buffer.alloc(4);
    digest.writeUInt32BE(crc32(bytes));
    return digest.toString('base64') === sum;
  }
  if (md5 === undefined) throw differs('the service tells no checksum of its parts');
  return createHash('md5').update(bytes).digest('hex') === md5;
}

function differs(why: string): Failure {
  return new Failure(`The upload is not the beginning of this file: ${why}`, {
    advice: 'Nothing was sent. cistern uploads abort removes the upload.',
  });
}
