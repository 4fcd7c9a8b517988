/**
 * An `UploadReader` for stores that have to be asked: it looks again and again how much is committed, less often while
 * nothing comes, and goes on from the completed object when the upload is complete. Where bytes are is the source's.
 */

import { checkRange, resolveCommitted } from '../byte-range.ts';
import { isStoreError, StoreError, throwIfAborted } from '../errors.ts';
import type { ByteRange, CallOptions } from '../object-store.ts';
import type { FollowOptions, UploadReader } from '../upload.ts';

/** What a look shows. */
export interface UploadLook {
  /** bytes; of a complete upload, the object's size */
  readonly committed: number;
  /** the upload is complete, and this is the object's etag */
  readonly etag?: string | undefined;
}

export interface UploadSource {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  /** How much there is now. Never less than before, unless bytes were lost. `NotFound` when the upload was aborted. */
  look(signal: AbortSignal | undefined): Promise<UploadLook>;
  /** Committed bytes; `NotFound` when they are no longer where they were at the last look. */
  readCommitted(start: number, end: number, signal: AbortSignal | undefined): AsyncIterable<Uint8Array>;
  /** Bytes of the completed object, of the state with this etag alone. */
  readObject(
    etag: string,
    start: number,
    end: number,
    signal: AbortSignal | undefined,
  ): AsyncIterable<Uint8Array>;
}

/** Between two looks: at first, for what is written fast, and at last, for what rests. */
const POLL_MS_MIN = 100;
const POLL_MS_MAX = 2000;

/** Times that bytes may have moved during one read. */
const MOVES_MAX = 8;

export class PolledReader implements UploadReader {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  readonly #source: UploadSource;
  #seen: UploadLook;
  /** looks take their turns: a source's state is one */
  #looking: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();

  /** @param seen what a look has shown */
  constructor(source: UploadSource, seen: UploadLook) {
    this.#source = source;
    this.#seen = seen;
    this.key = source.key;
    this.id = source.id;
    this.partSize = source.partSize;
  }

  get committed(): number {
    return this.#seen.committed;
  }

  async refresh({ signal }: CallOptions = {}): Promise<number> {
    this.#check(signal);
    // The object of a complete upload does not change.
    if (this.#seen.etag === undefined) {
      const look = this.#looking.then(() => this.#source.look(signal));
      this.#looking = look.catch(() => undefined);
      const seen = await look;
      if (seen.committed < this.#seen.committed) {
        throw this.#changed(`had ${this.#seen.committed} bytes committed, and has ${seen.committed}`);
      }
      if (this.#seen.etag === undefined) this.#seen = seen;
    }
    return this.#seen.committed;
  }

  async *read(range?: ByteRange, { signal }: CallOptions = {}): AsyncGenerator<Uint8Array> {
    if (range !== undefined) checkRange(range, this.key);
    const wanted = range === undefined || 'suffix' in range ? 0 : (range.end ?? range.start + 1);
    // A suffix counts from the end as of now.
    if (wanted === 0 || wanted > this.#seen.committed) await this.refresh({ signal });
    const { committed } = this.#seen;
    const { start, end } = resolveCommitted(range, committed, this.key);
    yield* this.#span(start, end, signal);
  }

  async *follow({ start = 0, pollMs, signal }: FollowOptions = {}): AsyncGenerator<Uint8Array> {
    checkRange({ start }, this.key);
    let position = start;
    let waitMs = pollMs ?? POLL_MS_MIN;
    for (;;) {
      const { committed, etag } = this.#seen;
      if (position < committed) {
        yield* this.#span(position, committed, signal);
        position = committed;
        waitMs = pollMs ?? POLL_MS_MIN;
      } else if (etag === undefined) {
        const { committed: before } = this.#seen;
        if ((await this.refresh({ signal })) > before || this.#seen.etag !== undefined) continue;
        await this.#wait(waitMs, signal);
        if (pollMs === undefined) waitMs = Math.min(POLL_MS_MAX, waitMs * 2);
      } else {
        return;
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

  /** Bytes that are committed, wherever they are: they move when short parts are replaced, and when the upload completes. */
  async *#span(start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    let position = start;
    for (let moves = 0; position < end; moves++) {
      this.#check(signal);
      const { etag } = this.#seen;
      try {
        const chunks =
          etag === undefined
            ? this.#source.readCommitted(position, end, signal)
            : this.#source.readObject(etag, position, end, signal);
        for await (const chunk of chunks) {
          this.#check(signal);
          position += chunk.byteLength;
          yield chunk;
        }
        if (position < end) throw this.#changed('has fewer bytes than were committed');
      } catch (error) {
        if (etag === undefined) {
          if (!isStoreError(error, 'NotFound') || moves >= MOVES_MAX) throw error;
          await this.refresh({ signal });
        } else {
          throw isGone(error) ? this.#changed('was changed after its upload', error) : error;
        }
      }
    }
  }

  #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const both = [signal, this.#closing.signal];
      const end = (): void => {
        clearTimeout(timer);
        for (const one of both) one?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      for (const one of both) one?.addEventListener('abort', end);
      if (both.some((one) => one?.aborted === true)) end();
    });
  }

  #check(signal: AbortSignal | undefined): void {
    throwIfAborted(signal, 'openUpload', this.key);
    if (!this.#closing.signal.aborted) return;
    throw new StoreError('Closed', `The reader of the upload of ${this.key} was closed`, {
      operation: 'openUpload',
      key: this.key,
    });
  }

  #changed(what: string, cause?: unknown): StoreError {
    return new StoreError('Conflict', `${this.key}, which was followed while it was uploaded, ${what}`, {
      operation: 'openUpload',
      key: this.key,
      cause,
    });
  }
}

function isGone(error: unknown): boolean {
  return (
    isStoreError(error, 'NotFound') ||
    isStoreError(error, 'PreconditionFailed') ||
    isStoreError(error, 'InvalidRange')
  );
}
