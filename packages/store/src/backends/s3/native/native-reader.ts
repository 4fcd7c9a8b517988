/**
 * Reads an upload on our own server. It follows without polling: the server goes on with its answer as parts are committed.
 * When the answer breaks off, for whatever reason, what was given is compared with what is there before it goes on.
 */

import { crc32 } from '@cistern/protocol/client';
import { checkRange, resolveCommitted } from '../../../byte-range.ts';
import { isStoreError, StoreError } from '../../../errors.ts';
import type { ByteRange, CallOptions } from '../../../object-store.ts';
import type { FollowOptions, UploadReader } from '../../../upload.ts';
import type { S3Request } from '../client.ts';
import type { S3Context } from '../context.ts';
import { formatRange } from '../get.ts';
import { lookAtUpload, uploadQuery } from './native-requests.ts';
import type { NativeLook } from './native-requests.ts';

export class NativeReader implements UploadReader {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  readonly #context: S3Context;
  readonly #closing = new AbortController();
  #committed: number;

  constructor(
    context: S3Context,
    { key, id, partSize }: Pick<UploadReader, 'key' | 'id' | 'partSize'>,
    { committed }: NativeLook,
  ) {
    this.#context = context;
    this.key = key;
    this.id = id;
    this.partSize = partSize;
    this.#committed = committed;
  }

  get committed(): number {
    return this.#committed;
  }

  async refresh({ signal }: CallOptions = {}): Promise<number> {
    this.#checkOpen();
    this.#committed = (await lookAtUpload(this.#context, this.key, this.id, signal)).committed;
    return this.#committed;
  }

  async *read(range?: ByteRange, { signal }: CallOptions = {}): AsyncGenerator<Uint8Array> {
    this.#checkOpen();
    if (range !== undefined) checkRange(range, this.key);
    const wanted = range === undefined || 'suffix' in range ? 0 : (range.end ?? range.start + 1);
    // A suffix counts from the end as of now.
    if (wanted === 0 || wanted > this.#committed) await this.refresh({ signal });
    const { start, end } = resolveCommitted(range, this.#committed, this.key);
    let position = start;
    for await (const chunk of this.#open(formatRange({ start, end }), start < end, false, signal)) {
      position += chunk.byteLength;
      yield chunk;
    }
    if (position !== end) throw this.#changed('has other bytes than were committed');
  }

  async *follow({ start = 0, signal }: FollowOptions = {}): AsyncGenerator<Uint8Array> {
    checkRange({ start }, this.key);
    let position = start;
    let crc = 0;
    for (let before = -1; ;) {
      this.#checkOpen();
      try {
        for await (const chunk of this.#open(`bytes=${position}-`, true, true, signal)) {
          position += chunk.byteLength;
          crc = crc32(chunk, crc);
          this.#committed = Math.max(this.#committed, position);
          yield chunk;
        }
        return;
      } catch (error) {
        // A second time without anything in between, it is not the connection alone.
        if (!isStoreError(error, 'Unavailable') || position === before) throw error;
        before = position;
        await this.#checkGiven(start, position, crc, signal);
      }
    }
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @throws {StoreError} `NotFound` when it was aborted, `Conflict` when what was given is no longer there */
  async #checkGiven(start: number, end: number, crc: number, signal: AbortSignal | undefined): Promise<void> {
    if ((await this.refresh({ signal })) < end) throw this.#changed('has fewer bytes than were given');
    let now = 0;
    for await (const chunk of this.#open(formatRange({ start, end }), start < end, false, signal))
      now = crc32(chunk, now);
    if (now !== crc) throw this.#changed('has other bytes than were given');
  }

  async *#open(
    range: string,
    any: boolean,
    follow: boolean,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    if (!any) return;
    const closing = this.#closing.signal;
    const request: S3Request = {
      operation: 'openUpload',
      key: this.key,
      method: 'GET',
      object: this.key,
      query: uploadQuery(this.id),
      headers: follow
        ? [
            ['range', range],
            ['x-cistern-follow', 'true'],
          ]
        : [['range', range]],
      signal: signal === undefined ? closing : AbortSignal.any([signal, closing]),
    };
    try {
      const { body } = await this.#context.client.stream(request);
      yield* body;
    } catch (error) {
      if (closing.aborted && signal?.aborted !== true) this.#checkOpen();
      throw this.#context.client.bodyFailure(error, request);
    }
  }

  #checkOpen(): void {
    if (!this.#closing.signal.aborted) return;
    throw new StoreError('Closed', `The reader of the upload of ${this.key} was closed`, {
      operation: 'openUpload',
      key: this.key,
    });
  }

  #changed(what: string): StoreError {
    return new StoreError('Conflict', `${this.key}, which was read while it was uploaded, ${what}`, {
      operation: 'openUpload',
      key: this.key,
    });
  }
}
