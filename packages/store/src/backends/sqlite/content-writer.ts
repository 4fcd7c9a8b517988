/**
 * Writes a body that is too large for one transaction: slice by slice into a content that is nobody's yet, so that a slow
 * body holds no lock. The last slice comes with the transaction that publishes.
 */

import { StoreError, throwIfAborted } from '../../errors.ts';
import type { ObjectInfo } from '../../object-store.ts';
import type { CommitQueue } from './commit-queue.ts';
import type { Contents } from './contents.ts';
import { CHUNK_BYTES } from './database.ts';
import type { Sweeper } from './sweeper.ts';

/** What one transaction takes of a body: some milliseconds. A multiple of a chunk. */
export const SLICE_BYTES = 4 * CHUNK_BYTES;

interface WriterContext {
  readonly queue: CommitQueue;
  readonly contents: Contents;
  readonly sweeper: Sweeper;
}

export class ContentWriter {
  readonly #context: WriterContext;
  readonly #key: string;
  readonly #signal: AbortSignal | undefined;
  #content: number | undefined;
  #chunks = 0;
  #held = false;

  constructor(context: WriterContext, key: string, signal: AbortSignal | undefined) {
    this.#context = context;
    this.#key = key;
    this.#signal = signal;
  }

  /**
   * Writes the slices, and has the content published with the last one.
   *
   * @param slices each of SLICE_BYTES but the last; their memory is used again after each
   * @param check decides in the publishing transaction, before anything of it is written
   */
  async write<T>(
    slices: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    check: () => T,
    publish: (content: number, size: number, checked: T) => ObjectInfo,
  ): Promise<ObjectInfo> {
    let size = 0;
    try {
      let last: Uint8Array = new Uint8Array(0);
      for await (const slice of slices) {
        size += slice.byteLength;
        if (slice.byteLength === SLICE_BYTES) await this.#append(slice);
        else last = slice;
      }
      return await this.#transact(true, last.byteLength, () => {
        this.#checkContent();
        const checked = check();
        const content = this.#write(last, true);
        return publish(content, size, checked);
      });
    } catch (error) {
      await this.#abandon();
      throw error;
    } finally {
      this.#release();
    }
  }

  async #append(slice: Uint8Array): Promise<void> {
    const isFirst = this.#content === undefined;
    this.#content = await this.#transact(false, slice.byteLength, () => {
      this.#checkContent();
      return this.#write(slice, false);
    });
    if (isFirst) this.#context.sweeper.hold(this.#content);
    this.#held = true;
    this.#chunks += slice.byteLength / CHUNK_BYTES;
  }

  /** Whether to go on, found before bytes are written. */
  #checkContent(): void {
    throwIfAborted(this.#signal, 'put', this.#key);
    if (this.#content === undefined || this.#context.contents.stillWriting(this.#content)) return;
    throw new StoreError(
      'Unavailable',
      `The body of ${this.#key} came so slowly that its beginning was removed`,
      {
        operation: 'put',
        key: this.#key,
      },
    );
  }

  #write(slice: Uint8Array, isLast: boolean): number {
    const content = this.#content ?? this.#context.contents.create(isLast);
    this.#context.contents.append(content, this.#chunks, slice);
    return content;
  }

  #transact<T>(sync: boolean, bytes: number, act: () => T): Promise<T> {
    return this.#context.queue.add({ operation: 'put', key: this.#key, sync, bytes }, act);
  }

  #release(): void {
    if (this.#held && this.#content !== undefined) this.#context.sweeper.release(this.#content);
    this.#held = false;
  }

  async #abandon(): Promise<void> {
    const content = this.#content;
    if (content === undefined) return;
    this.#release();
    // The error is what counts: what cannot be removed now is swept later.
    await this.#transact(false, 0, () => this.#context.contents.abandon(content)).catch(() => undefined);
  }
}
