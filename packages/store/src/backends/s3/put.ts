/**
 * PutObject for what fits one request, multipart uploads for the rest: parts in parallel, in bounded memory. Conditional
 * puts are resolved: when the connection breaks, the object's mark tells whether it is ours.
 */

import { randomBytes } from 'node:crypto';
import { toAttributes } from '../../attributes.ts';
import { announcedSize, openExact, toSource } from '../../body.ts';
import type { Body, Source } from '../../body.ts';
import { isStoreError, StoreError, throwIfAborted } from '../../errors.ts';
import type { Attributes, ObjectInfo, PutMode, PutOptions } from '../../object-store.ts';
import type { S3Context } from './context.ts';
import { headerOf } from './errors.ts';
import { headObject } from './get.ts';
import {
  abortMultipart,
  completeMultipart,
  conditionHeaders,
  crc32Of,
  createMultipart,
  isAmbiguous,
  sendPart,
  unknownOutcome,
} from './multipart.ts';
import type { MultipartUpload, SentPart } from './multipart.ts';
import { attributeHeaders, MARK_HEADER, readVersion, unquote } from './object-headers.ts';
import { PartSlots } from './part-slots.ts';
import { PARTS_MAX } from './settings.ts';

/** S3's limit is 2,048: the rest is for marks of our own. Bytes. */
export const METADATA_BYTES_MAX = 2000;
/** S3's limit. Bytes. */
export const OBJECT_BYTES_MAX = 5 * 1024 ** 4;

const MIB = 1024 * 1024;
const MARK_BYTES = 12;
/** How often a conditional put is sent before its outcome is left open. */
const TRIES = 3;
/** Buffers begin with this, and grow as bytes come: a small stream takes little memory. Bytes. */
const FIRST_BYTES = 64 * 1024;

export async function putObject(
  context: S3Context,
  key: string,
  body: Body,
  options: PutOptions,
): Promise<ObjectInfo> {
  const attributes = toAttributes(options.attributes, 'put', key, METADATA_BYTES_MAX);
  const source = toSource(body);
  const size = announcedSize(source, options.size);
  if (size !== undefined && size > OBJECT_BYTES_MAX) {
    throw new StoreError('TooLarge', `An object has at most ${OBJECT_BYTES_MAX} bytes, not ${size}`, {
      operation: 'put',
      key,
    });
  }
  const put: Put = { key, attributes, mode: options.mode, signal: options.signal };
  if (source.bytes !== undefined && source.bytes.byteLength <= context.partSize) {
    return putBytes(context, put, source.bytes);
  }
  return source.replayable && size !== undefined && size > context.partSize
    ? putRanges(context, put, source, size)
    : putStream(context, put, source, size);
}

interface Put {
  readonly key: string;
  readonly attributes: Attributes;
  readonly mode: PutMode | undefined;
  readonly signal: AbortSignal | undefined;
}

/** One request. */
export async function putBytes(context: S3Context, put: Put, bytes: Uint8Array): Promise<ObjectInfo> {
  const { key, attributes, mode, signal } = put;
  const headers = attributeHeaders(attributes);
  if (context.checksums) headers.push(['x-amz-checksum-crc32', crc32Of(bytes)]);
  const request = {
    operation: 'put',
    key,
    mode,
    method: 'PUT',
    object: key,
    headers,
    body: bytes,
    signal,
  } as const;
  const conditional = mode !== undefined && mode !== 'overwrite';
  const mark = conditional ? randomBytes(MARK_BYTES).toString('hex') : '';
  if (conditional) headers.push(...conditionHeaders(mode), [MARK_HEADER, mark]);
  let ambiguous: StoreError | undefined;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    try {
      const answer = await context.client.send(request);
      const etag = headerOf(answer.headers, 'etag');
      if (etag === undefined) {
        throw new StoreError('Unexpected', `The answer to a put of ${key} has no ETag`, {
          operation: 'put',
          key,
        });
      }
      const date = headerOf(answer.headers, 'date');
      const lastModified = date === undefined ? new Date() : new Date(date);
      const version = readVersion(answer.headers);
      return { key, size: bytes.byteLength, etag: unquote(etag), lastModified, version, attributes };
    } catch (error) {
      if (!conditional || !isStoreError(error)) throw error;
      if (isCondition(error)) {
        // What was in the way may be what this put has stored: an answer was lost, or a proxy sent it twice.
        const ours = await findMarked(context, key, mark);
        if (ours !== undefined) return ours;
        throw error;
      }
      if (!isAmbiguous(error)) throw error;
      ambiguous = error;
    }
  }
  throw unknownOutcome({ operation: 'put', key }, ambiguous);
}

function isCondition(error: StoreError): boolean {
  return isStoreError(error, 'AlreadyExists') || isStoreError(error, 'PreconditionFailed');
}

/** The object, if this very put has stored it. */
async function findMarked(context: S3Context, key: string, mark: string): Promise<ObjectInfo | undefined> {
  try {
    const { info, headers } = await headObject(context, 'put', key, {});
    return headerOf(headers, MARK_HEADER) === mark ? info : undefined;
  } catch (error) {
    if (isStoreError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** Of a body that can be opened by range: each part reads its own. */
async function putRanges(context: S3Context, put: Put, source: Source, size: number): Promise<ObjectInfo> {
  const partSize = partSizeFor(context.partSize, size);
  return multipart(context, put, async (slots) => {
    for (let start = 0, number = 1; start < size; start += partSize, number++) {
      const end = Math.min(size, start + partSize);
      await slots.add(number, () => readRange(source, start, end, slots));
    }
  });
}

/** Part sizes are whole MiB, and such that their number suffices. */
export function partSizeFor(partSize: number, size: number): number {
  const needed = Math.ceil(size / PARTS_MAX);
  return needed <= partSize ? partSize : Math.ceil(needed / MIB) * MIB;
}

async function readRange(source: Source, start: number, end: number, slots: PartSlots): Promise<Uint8Array> {
  if (source.bytes !== undefined) return source.bytes.subarray(start, end);
  const bytes = slots.memory(end - start);
  let filled = 0;
  for await (const chunk of source.open({ start, end })) {
    if (filled + chunk.byteLength > bytes.byteLength) throw otherSize();
    bytes.set(chunk, filled);
    filled += chunk.byteLength;
  }
  if (filled < bytes.byteLength) throw otherSize();
  return bytes;
}

function otherSize(): StoreError {
  return new StoreError('InvalidArgument', 'The body has another length than it was said to have', {
    operation: 'put',
  });
}

/** Of a body that can be read once: one request if it fits a part after all. */
async function putStream(
  context: S3Context,
  put: Put,
  source: Source,
  size: number | undefined,
): Promise<ObjectInfo> {
  const chunks = openExact(source, size)[Symbol.asyncIterator]();
  const filler = new Filler(chunks, put);
  try {
    const limit = size === undefined ? context.partSize : partSizeFor(context.partSize, size);
    const first = await filler.fill(limit);
    if (filler.ended) return await putBytes(context, put, first);
    return await multipart(context, put, async (slots) => {
      await slots.add(1, () => Promise.resolve(first));
      for (let number = 2; !filler.ended; number++) {
        const partSize = size === undefined ? growingSize(context.partSize, number) : limit;
        const bytes = await filler.fill(partSize, slots.memory(partSize));
        if (bytes.byteLength > 0) await slots.add(number, () => Promise.resolve(bytes));
      }
    });
  } finally {
    await chunks.return?.(undefined);
  }
}

/** Of a length that nobody knows: every 1,000 parts they are twice as large, so that 10,000 are 8 TiB of 8 MiB at first. */
export function growingSize(partSize: number, number: number): number {
  return partSize * 2 ** Math.floor((number - 1) / 1000);
}

/** Joins chunks into parts. */
class Filler {
  ended = false;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #put: Put;
  #rest: Uint8Array | undefined;

  constructor(chunks: AsyncIterator<Uint8Array>, put: Put) {
    this.#chunks = chunks;
    this.#put = put;
  }

  /** @returns `size` bytes; fewer only when the body has ended, which it has when `ended` is set */
  async fill(
    size: number,
    memory: Uint8Array = Buffer.allocUnsafeSlow(Math.min(size, FIRST_BYTES)),
  ): Promise<Uint8Array> {
    let bytes = memory;
    let filled = 0;
    for (;;) {
      const chunk = this.#rest ?? (await this.#next());
      this.#rest = undefined;
      if (chunk === undefined) return bytes.subarray(0, filled);
      const room = size - filled;
      // A further byte shows that the body goes on.
      if (room === 0) {
        this.#rest = chunk;
        return bytes;
      }
      const taken = Math.min(room, chunk.byteLength);
      if (filled + taken > bytes.byteLength) {
        const larger = Buffer.allocUnsafeSlow(Math.min(size, Math.max(filled + taken, bytes.byteLength * 4)));
        larger.set(bytes.subarray(0, filled));
        bytes = larger;
      }
      bytes.set(taken === chunk.byteLength ? chunk : chunk.subarray(0, taken), filled);
      filled += taken;
      if (taken < chunk.byteLength) this.#rest = chunk.subarray(taken);
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    const { signal, key } = this.#put;
    throwIfAborted(signal, 'put', key);
    const next = await this.#chunks.next();
    throwIfAborted(signal, 'put', key);
    this.ended = next.done === true;
    return next.done === true ? undefined : next.value;
  }
}

/** Begins an upload, has its parts sent, and completes it; aborts it when anything fails. */
async function multipart(
  context: S3Context,
  { key, attributes, mode, signal }: Put,
  sendAll: (slots: PartSlots) => Promise<void>,
): Promise<ObjectInfo> {
  const upload: MultipartUpload = await createMultipart(context, 'put', key, attributes, { mode, signal });
  const slots = new PartSlots(context.concurrency, signal, (number, bytes, stop) =>
    sendPart(context, upload, number, bytes, stop),
  );
  let parts: readonly SentPart[];
  try {
    await sendAll(slots);
    parts = await slots.finish();
  } catch (error) {
    const reason = await slots.stop(error);
    await abortMultipart(context, upload);
    throw reason;
  }
  try {
    return await completeMultipart(context, upload, parts, { mode, signal });
  } catch (error) {
    // It may be complete: nothing is then there to abort, and nothing is lost if it is not.
    await abortMultipart(context, upload);
    throw error;
  }
}
