/**
 * Writes of block blobs. A small one is one request. Others are blocks, staged in parallel and then committed by one request
 * that publishes them with their attributes under the put's condition: until then the old object stands. Blocks of a put that
 * fails are left to the service, which drops them after a week, or when the blob is next written.
 */

import { randomBytes } from 'node:crypto';
import { openExact } from '../../body.ts';
import type { Source } from '../../body.ts';
import { abortedError, StoreError } from '../../errors.ts';
import type { ObjectInfo } from '../../object-store.ts';
import type { AnswerHeaders, Headers } from './attributes.ts';
import { cutBlocks } from './cut-blocks.ts';
import { Publication } from './publish.ts';
import type { WriteOptions } from './publish.ts';
import type { Blob } from './read.ts';

const MIB = 1024 * 1024;
/** Up to this a body in memory goes in one request. */
const SINGLE_BYTES_MAX = 16 * MIB;
const BLOCK_BYTES = 8 * MIB;
const BLOCKS_MAX = 50_000;
const BLOCK_BYTES_MAX = 4000 * MIB;
/** Of a stream whose size nobody knows blocks grow to this, since each is held in memory. */
const STREAM_BLOCK_BYTES_MAX = 128 * MIB;
export const CONCURRENCY = 4;

export const OBJECT_BYTES_MAX = BLOCKS_MAX * BLOCK_BYTES_MAX;

/** @param size bytes that the body will have, where that is known */
export async function putBlob(
  blob: Blob,
  source: Source,
  size: number | undefined,
  options: WriteOptions,
): Promise<ObjectInfo> {
  if (size !== undefined && size > OBJECT_BYTES_MAX) throw tooLarge(blob);
  if (source.bytes !== undefined && source.bytes.byteLength <= SINGLE_BYTES_MAX) {
    return putWhole(blob, source.bytes, options);
  }
  const sizeOf = blockSizes(size);
  if (source.replayable && size !== undefined && size > sizeOf(0)) {
    return putReplayable(blob, source, size, sizeOf(0), options);
  }
  const blocks = cutBlocks(openExact(source, size), (index) => {
    if (index >= BLOCKS_MAX) throw tooLarge(blob);
    return sizeOf(index);
  });
  const first = await blocks.next();
  if (first.done === true) return putWhole(blob, new Uint8Array(0), options);
  if (first.value.last) {
    await blocks.return(undefined);
    return putWhole(blob, first.value.bytes, options);
  }
  const upload = new BlockUpload(blob, options);
  try {
    upload.add(first.value.bytes.byteLength, first.value.bytes, first.value.release);
    for await (const { bytes, release } of blocks) {
      await upload.room();
      upload.add(bytes.byteLength, bytes, release);
    }
    return await upload.commit();
  } catch (error) {
    throw await upload.fail(error);
  }
}

async function putReplayable(
  blob: Blob,
  source: Source,
  size: number,
  blockSize: number,
  options: WriteOptions,
): Promise<ObjectInfo> {
  const upload = new BlockUpload(blob, options);
  try {
    for (let start = 0; start < size; start += blockSize) {
      await upload.room();
      const end = Math.min(size, start + blockSize);
      const body =
        source.bytes?.subarray(start, end) ?? exactly(source.open({ start, end }), end - start, blob);
      upload.add(end - start, body);
    }
    return await upload.commit();
  } catch (error) {
    throw await upload.fail(error);
  }
}

async function putWhole(blob: Blob, bytes: Uint8Array, options: WriteOptions): Promise<ObjectInfo> {
  const publication = new Publication(blob, options);
  const sent = blob.client.call({
    method: 'PUT',
    container: blob.container,
    blob: blob.key,
    headers: { ...publication.headers, 'x-ms-blob-type': 'BlockBlob' },
    body: bytes,
    operation: blob.operation,
    key: blob.key,
    signal: options.signal,
  });
  return publication.publish(sent, bytes.byteLength);
}

/** Blocks of one blob on their way, and the list of them. */
export class BlockUpload {
  readonly #blob: Blob;
  readonly #options: WriteOptions;
  readonly #publication: Publication;
  readonly #headers: Headers;
  /** Writers of the same blob share its uncommitted blocks: theirs must not have our names. */
  readonly #prefix = randomBytes(12);
  readonly #ids: string[] = [];
  readonly #sending = new Set<Promise<void>>();
  readonly #control = new AbortController();
  readonly #signal: AbortSignal;
  #failure: { readonly error: unknown } | undefined;
  #size = 0;

  constructor(blob: Blob, options: WriteOptions) {
    this.#blob = blob;
    this.#options = options;
    this.#publication = new Publication(blob, options);
    // What cannot be published is refused before bytes are sent.
    this.#headers = this.#publication.headers;
    const { signal } = options;
    this.#signal =
      signal === undefined ? this.#control.signal : AbortSignal.any([signal, this.#control.signal]);
  }

  /** Begins to send a block. `release` is called when its memory can be used again. */
  add(size: number, body: Uint8Array | AsyncIterable<Uint8Array>, release?: () => void): void {
    this.#stage(size, { body, bodySize: size }, release);
  }

  /** The same of bytes that the service has, `start` to `end - 1` of the source. */
  addFrom(source: Headers, start: number, end: number): void {
    this.#stage(end - start, {
      headers: { ...source, 'x-ms-source-range': `bytes=${start}-${end - 1}` },
    });
  }

  /** Resolves when another block can be added; rejects once one has failed. */
  async room(concurrency = CONCURRENCY): Promise<void> {
    while (this.#failure === undefined && this.#sending.size >= concurrency) {
      await Promise.race(this.#sending);
    }
    if (this.#failure !== undefined) throw this.#failure.error as Error;
  }

  async commit(): Promise<ObjectInfo> {
    await this.room(1);
    const body = blockList(this.#ids);
    const committed = this.#send({ comp: 'blocklist' }, { headers: this.#headers, body });
    return this.#publication.publish(committed, this.#size);
  }

  /** Stops what is under way. @returns the error that came first */
  async fail(thrown: unknown): Promise<unknown> {
    const first = this.#failure?.error ?? thrown;
    this.#control.abort();
    await Promise.allSettled(this.#sending);
    const { signal } = this.#options;
    const { operation, key } = this.#blob;
    return signal?.aborted === true ? abortedError(signal, operation, key) : first;
  }

  #stage(size: number, request: SentPart, release?: () => void): void {
    const index = Buffer.alloc(4);
    index.writeUInt32BE(this.#ids.length);
    const blockid = Buffer.concat([this.#prefix, index]).toString('base64');
    this.#ids.push(blockid);
    this.#size += size;
    const sending = this.#send({ comp: 'block', blockid }, request).then(
      () => release?.(),
      (error: unknown) => {
        this.#failure ??= { error };
      },
    );
    this.#sending.add(sending);
    void sending.then(() => this.#sending.delete(sending));
  }

  #send(query: Record<string, string>, request: SentPart): Promise<AnswerHeaders> {
    const { client, container, key, operation } = this.#blob;
    return client.call({
      method: 'PUT',
      container,
      blob: key,
      query,
      ...request,
      operation,
      key,
      signal: this.#signal,
    });
  }
}

/** The document that commits blocks. Not `Uncommitted`: should it come twice, the second finds the blocks committed. */
export function blockList(names: readonly string[]): Uint8Array {
  const list = names.map((name) => `<Latest>${name}</Latest>`).join('');
  return Buffer.from(`<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`);
}

interface SentPart {
  readonly headers?: Headers;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  readonly bodySize?: number;
}

/** @returns bytes of each block, so that there are no more than the service takes */
function blockSizes(size: number | undefined): (index: number) => number {
  if (size !== undefined) {
    const even = evenBlocks(size);
    return () => even;
  }
  return (index) => Math.min(STREAM_BLOCK_BYTES_MAX, BLOCK_BYTES * 2 ** Math.floor(index / 10_000));
}

/** @returns bytes of each block of a blob of that size: as many as are wanted, or more so that there are not too many */
export function evenBlocks(size: number, wanted = BLOCK_BYTES): number {
  return Math.min(Math.max(wanted, Math.ceil(size / BLOCKS_MAX / MIB) * MIB), BLOCK_BYTES_MAX);
}

/** A part of a source that can be opened by range: a file may have shrunk meanwhile. */
async function* exactly(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
  { operation, key }: Blob,
): AsyncGenerator<Uint8Array> {
  let missing = size;
  for await (const chunk of chunks) {
    missing -= chunk.byteLength;
    if (missing < 0) break;
    yield chunk;
  }
  if (missing !== 0) {
    throw new StoreError('InvalidArgument', 'The body has another size than it said', { operation, key });
  }
}

function tooLarge({ operation, key }: Blob): StoreError {
  return new StoreError(
    'TooLarge',
    `${key} would need more than ${BLOCKS_MAX} blocks: give its size, so that larger ones can be chosen`,
    { operation, key },
  );
}
