/**
 * Blocks of one state of an object on their way from the origin, for all who read there. The reader in front sets the pace: a
 * block is fetched when somebody waits for it. Those behind find theirs in the cache.
 */

import { StoreError } from '../../errors.ts';
import type { ObjectInfo, ObjectRead } from '../../object-store.ts';
import { ByteReader } from '../codec/byte-reader.ts';
import { withSignal } from './shared-call.ts';

export interface FlightOptions {
  readonly info: ObjectInfo;
  readonly blockBytes: number;
  /** first block, and the one after the last */
  readonly start: number;
  readonly end: number;
  /** ends the reading of the origin */
  readonly abort: AbortController;
  /** reads these blocks, pinned to the state of `info`; or the read, if there is one */
  readonly open: ((signal: AbortSignal) => Promise<ObjectRead>) | ObjectRead;
  onBlock(index: number, bytes: Uint8Array): void;
  /** nobody is left */
  onEnd(): void;
}

interface Opened {
  readonly read: ObjectRead;
  readonly reader: ByteReader;
}

export class Flight {
  readonly #options: FlightOptions;
  #readers = 0;
  #next: number;
  #opened: Promise<Opened> | undefined;
  #pulling: Promise<void> | undefined;
  #failed = false;
  #last: { readonly index: number; readonly bytes: Uint8Array } | undefined;

  constructor(options: FlightOptions) {
    this.#options = options;
    this.#next = options.start;
    if (typeof options.open !== 'function') this.#opened = Promise.resolve(toOpened(options.open));
  }

  join(): this {
    this.#readers++;
    return this;
  }

  leave(): void {
    if (--this.#readers > 0) return;
    this.#options.onEnd();
    this.#options.abort.abort();
    this.#opened?.then(({ read }) => read.close()).catch(() => undefined);
  }

  /** Whether a block will come, with at most `distance` others before it. */
  brings(index: number, distance: number): boolean {
    return (
      !this.#failed && index >= this.#next && index < this.#options.end && index - this.#next <= distance
    );
  }

  /** Resolves when the origin has answered, and rejects with what it said. */
  async opened(signal: AbortSignal | undefined): Promise<void> {
    await withSignal(this.#open(), signal, 'get', this.#options.info.key);
  }

  /** A block, in memory that is shared; `undefined` when it is no longer here, or was never to come. */
  async block(index: number, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    while (index >= this.#next && index < this.#options.end) {
      this.#pulling ??= this.#pull().finally(() => {
        this.#pulling = undefined;
      });
      this.#pulling.catch(() => undefined);
      await withSignal(this.#pulling, signal, 'get', this.#options.info.key);
    }
    return this.#last?.index === index ? this.#last.bytes : undefined;
  }

  #open(): Promise<Opened> {
    const { open, abort } = this.#options;
    if (this.#opened === undefined && typeof open === 'function') {
      this.#opened = open(abort.signal).then(toOpened);
      this.#opened.catch(() => {
        this.#failed = true;
      });
    }
    return this.#opened as Promise<Opened>;
  }

  async #pull(): Promise<void> {
    try {
      await this.#pullBlock();
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  async #pullBlock(): Promise<void> {
    const { info, blockBytes } = this.#options;
    const { reader } = await this.#open();
    const size = Math.min(blockBytes, info.size - this.#next * blockBytes);
    const bytes = await reader.readCopy(size);
    if (bytes.byteLength < size) {
      throw new StoreError('Unavailable', `${info.key} ended before its end was reached`, {
        operation: 'get',
        key: info.key,
      });
    }
    const index = this.#next++;
    this.#last = { index, bytes };
    this.#options.onBlock(index, bytes);
  }
}

function toOpened(read: ObjectRead): Opened {
  return { read, reader: new ByteReader(read.body) };
}
