/**
 * Reads an upload in progress from its append blob, and goes over to the object when the upload is complete: the object's
 * metadata name the upload that it came from.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { checkRange, resolveRange } from '../../byte-range.ts';
import { abortedError, isStoreError, StoreError, throwIfAborted } from '../../errors.ts';
import type { ByteRange, CallOptions } from '../../object-store.ts';
import type { FollowOptions, UploadReader } from '../../upload.ts';
import { gone, lookAt } from './append-blob.ts';
import type { UploadState } from './append-blob.ts';
import { ownValue } from './attributes.ts';
import { getBlob, headBlob } from './read.ts';

const POLL_MS = 500;

export class AzureUploadReader implements UploadReader {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  #state: UploadState;
  #committed: number;
  /** the etag of the object, once it is there */
  #object: string | undefined;

  constructor(state: UploadState) {
    this.key = state.key;
    this.id = state.id;
    this.partSize = state.partSize;
    this.#state = state;
    this.#committed = state.committed;
  }

  get committed(): number {
    return this.#committed;
  }

  async refresh({ signal }: CallOptions = {}): Promise<number> {
    throwIfAborted(signal, 'openUpload', this.key);
    if (this.#object !== undefined) return this.#committed;
    try {
      this.#state = await lookAt(this.#state.blob, this.key, this.id, signal);
      this.#committed = Math.max(this.#committed, this.#state.committed);
      // A writer that ended between the two leaves the upload beside its object.
      if (this.#state.completing) await this.#findObject(signal);
    } catch (error) {
      if (!isStoreError(error, 'NotFound')) throw error;
      if (!(await this.#findObject(signal))) throw error;
    }
    return this.#committed;
  }

  async *read(range?: ByteRange, { signal }: CallOptions = {}): AsyncGenerator<Uint8Array> {
    if (range !== undefined) checkRange(range, this.key);
    await this.refresh({ signal });
    const committed = this.#committed;
    const { start, end } = resolveRange(range, committed, this.key);
    if (range !== undefined && 'end' in range && range.end !== undefined && range.end > committed) {
      throw new StoreError(
        'InvalidRange',
        `${committed} bytes are committed, and ${range.end} were asked for`,
        { operation: 'openUpload', key: this.key },
      );
    }
    yield* this.#chunks(start, end, signal);
  }

  async *follow({ start = 0, signal, pollMs = POLL_MS }: FollowOptions = {}): AsyncGenerator<Uint8Array> {
    let position = start;
    for (;;) {
      throwIfAborted(signal, 'openUpload', this.key);
      if (position < this.#committed) {
        const end = this.#committed;
        yield* this.#chunks(position, end, signal);
        position = end;
      }
      if (this.#object !== undefined) return;
      const before = this.#committed;
      await this.refresh({ signal });
      if (this.#committed === before && this.#object === undefined) await this.#wait(pollMs, signal);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#chunks(start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    let position = start;
    while (position < end) {
      try {
        const from = this.#object === undefined ? this.#state.blob : this.#objectBlob();
        const read = await getBlob(from, { range: { start: position, end }, signal, ifMatch: this.#object });
        for await (const chunk of read.body) {
          position += chunk.byteLength;
          yield chunk;
        }
      } catch (error) {
        if (this.#object !== undefined) throw this.#changed(error);
        // Completed meanwhile: the rest is in the object.
        if (!isStoreError(error, 'NotFound')) throw error;
        await this.refresh({ signal });
        if (this.#object === undefined) throw gone('openUpload', this.key, this.id, error);
      }
    }
  }

  /** Whether the object is there, and came from this upload. */
  async #findObject(signal: AbortSignal | undefined): Promise<boolean> {
    try {
      const { info, headers } = await headBlob(this.#objectBlob(), { signal });
      if (ownValue(headers, 'upload') !== this.id) return false;
      this.#object = info.etag;
      this.#committed = info.size;
      return true;
    } catch (error) {
      if (isStoreError(error, 'NotFound')) return false;
      throw error;
    }
  }

  #objectBlob(): UploadState['blob'] {
    return { ...this.#state.blob, key: this.key };
  }

  #changed(error: unknown): unknown {
    if (!isStoreError(error, 'PreconditionFailed') && !isStoreError(error, 'NotFound')) return error;
    return new StoreError('Conflict', `${this.key} is no longer what the upload ${this.id} made of it`, {
      operation: 'openUpload',
      key: this.key,
      cause: error,
    });
  }

  async #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.aborted === true ? abortedError(signal, 'openUpload', this.key) : error;
    }
  }
}
