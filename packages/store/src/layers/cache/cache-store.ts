/** A faster store in front of another one: what is read is kept there by block. See cache.ts for what it promises. */

import { streamSource, toSource } from '../../body.ts';
import type { Body, Source } from '../../body.ts';
import { checkRange, resolveRange } from '../../byte-range.ts';
import type { Span } from '../../byte-range.ts';
import type { Capabilities } from '../../capabilities.ts';
import { checkGetConditions } from '../../conditions.ts';
import { isStoreError, StoreError, throwIfAborted } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { eachKey } from '../../keys.ts';
import { headRead, objectRead } from '../../object-read.ts';
import type {
  CallOptions,
  CopyOptions,
  DeleteResult,
  GetOptions,
  ListEntry,
  ListOptions,
  ListUploadsOptions,
  ObjectInfo,
  ObjectRead,
  ObjectStore,
  PresignOptions,
  PutOptions,
  ReadIntoOptions,
  ReadTarget,
  UploadOptions,
} from '../../object-store.ts';
import { checkTargets, fitTargets } from '../../read-targets.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { stateName } from './block-format.ts';
import { BlockCache } from './block-cache.ts';
import { CachedUpload } from './cached-upload.ts';
import { Flight } from './flight.ts';
import type { FlightOptions } from './flight.ts';
import { States } from './states.ts';
import type { Look } from './states.ts';

/** A block that comes after at most so many others of a fetch under way is waited for, not fetched once more. */
const DISTANCE_MAX = 4;
/** Pieces in which blocks are handed out where each reader gets its own copy: a thousand of whole blocks were too much memory. */
const PIECE_BYTES = 64 * 1024;
/** States that are looked up for one read before it gives up. */
const TRIES = 5;

export interface CacheStoreOptions {
  readonly store: ObjectStore;
  readonly bytes: number;
  readonly blockBytes: number;
  readonly maxAgeMs: number;
  /** bytes of the largest object that is kept as it is written; 0 for none */
  readonly throughBytesMax: number;
}

export class CacheStore implements ObjectStore {
  readonly #options: CacheStoreOptions;
  readonly #origin: ObjectStore;
  readonly #blocks: BlockCache;
  readonly #states: States<Flight>;
  /** by the name of the state */
  readonly #flights = new Map<string, Set<Flight>>();
  #closed = false;

  constructor(options: CacheStoreOptions, origin: ObjectStore) {
    this.#options = options;
    this.#origin = origin;
    this.#blocks = new BlockCache(options.store, options.bytes, options.blockBytes);
    this.#states = new States(this.#blocks, options.maxAgeMs, (flight) => flight.join().leave());
  }

  get capabilities(): Capabilities {
    return this.#origin.capabilities;
  }

  async put(key: string, body: Body, options?: PutOptions): Promise<ObjectInfo> {
    this.#checkOpen('put');
    const begun = Date.now();
    const kept = this.#keeping(toSource(body));
    return this.#states.write(
      key,
      () => this.#origin.put(key, kept.source, options),
      (info) => {
        const parts = kept.bytes();
        if (parts === undefined) return;
        this.#states.learn(info, begun);
        this.#keepAll(info, parts);
      },
    );
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    this.#checkOpen('get');
    if (options.version !== undefined) return this.#origin.get(key, options);
    if (options.range !== undefined && options.head !== true) checkRange(options.range, key);
    for (let tries = 1; ; tries++) {
      const { info, flight } = await this.#current(key, 'get', options);
      let opened: Flight | undefined = flight;
      try {
        if (options.head === true) {
          flight?.leave();
          return headRead(info);
        }
        const range = resolveRange(options.range, info.size, key);
        // From here on it is let go of by who opens.
        opened = undefined;
        opened = await this.#openAt(info, range, flight, options.signal);
        return this.#read(info, range, opened, options.signal);
      } catch (error) {
        opened?.leave();
        if (!hasChanged(error) || options.ifMatch === info.etag || tries === TRIES) throw error;
        await this.#states.forget(key);
      }
    }
  }

  async readInto(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions = {},
  ): Promise<ObjectInfo> {
    this.#checkOpen('readInto');
    if (options.version !== undefined) return this.#origin.readInto(key, targets, options);
    checkTargets(targets, options, key);
    for (let tries = 1; ; tries++) {
      try {
        return await this.#fill(key, targets, options);
      } catch (error) {
        if (!isStoreError(error, 'Conflict') || tries === TRIES) throw error;
        if (options.ifMatch !== undefined) throw error.cause;
      }
    }
  }

  list(options?: ListOptions): AsyncIterable<ListEntry> {
    return this.#origin.list(options);
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options?: CallOptions,
  ): AsyncGenerator<DeleteResult> {
    this.#checkOpen('delete');
    // A key is being written from when the origin takes it until its result is there, or nobody waits for one.
    const writes = new Map<string, KeyWrite[]>();
    const states = this.#states;
    async function* taken(): AsyncGenerator<string> {
      for await (const key of eachKey(keys)) {
        const write = await beginWrite(states, key);
        const others = writes.get(key);
        if (others === undefined) writes.set(key, [write]);
        else others.push(write);
        yield key;
      }
    }
    try {
      for await (const result of this.#origin.delete(taken(), options)) {
        const [write, ...others] = writes.get(result.key) ?? [];
        if (others.length > 0) writes.set(result.key, others);
        else writes.delete(result.key);
        await write?.end();
        yield result;
      }
    } finally {
      await Promise.all([...writes.values()].flat().map((write) => write.end()));
    }
  }

  async copy(from: string, to: string, options?: CopyOptions): Promise<ObjectInfo> {
    this.#checkOpen('copy');
    return this.#states.write(to, () => this.#origin.copy(from, to, options));
  }

  async upload(key: string, options?: UploadOptions): Promise<Upload> {
    this.#checkOpen('upload');
    const upload = await this.#origin.upload(key, options);
    return new CachedUpload(upload, (write) => this.#states.write(key, write));
  }

  openUpload(key: string, id?: string, options?: CallOptions): Promise<UploadReader> {
    return this.#origin.openUpload(key, id, options);
  }

  listUploads(options?: ListUploadsOptions): AsyncIterable<UploadListEntry> {
    return this.#origin.listUploads(options);
  }

  presign(key: string, options?: PresignOptions): Promise<string> {
    return this.#origin.presign(key, options);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#blocks.close();
    await Promise.all([this.#options.store.close(), this.#origin.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `cache(${this.#options.store.toString()}, ${this.#origin.toString()})`;
  }

  async #fill(key: string, targets: readonly ReadTarget[], options: ReadIntoOptions): Promise<ObjectInfo> {
    const { ifMatch, signal, whole } = options;
    const [first] = targets;
    const none = first === undefined || first.into.byteLength === 0;
    // Of a whole object all is wanted; of one with several targets at least the first.
    const range =
      whole === true || none ? undefined : { start: first.start, end: first.start + first.into.byteLength };
    const { info, flight } = await this.#current(key, 'readInto', { range, ifMatch, signal, head: none });
    try {
      for (const { start, into } of fitTargets(targets, options, info.size, key)) {
        let position = 0;
        const span = { start, end: start + into.byteLength };
        for await (const chunk of this.#chunks(info, span, flight?.join(), signal)) {
          into.set(chunk, position);
          position += chunk.byteLength;
        }
      }
      return info;
    } finally {
      flight?.leave();
    }
  }

  /** The present state, under the caller's conditions, and the fetch that came with it, joined. */
  async #current(
    key: string,
    operation: StoreOperation,
    options: GetOptions,
  ): Promise<{ readonly info: ObjectInfo; readonly flight: Flight | undefined }> {
    throwIfAborted(options.signal, operation, key);
    let looked = false;
    let flight: Flight | undefined;
    const info = await this.#states.current(
      key,
      operation,
      options.signal,
      (etag, signal) => this.#look(key, etag, options, signal),
      (look) => {
        looked = true;
        flight = look.extra?.join();
      },
    );
    try {
      checkGetConditions(options, info.etag, operation, key);
      return { info, flight };
    } catch (error) {
      flight?.leave();
      if (looked || !isStoreError(error, 'PreconditionFailed')) throw error;
      // The caller may know a newer state than the one that is good for a while.
      this.#states.doubt(key);
      return this.#current(key, operation, options);
    }
  }

  /** Asks the origin for the state of a key; for its bytes at the same time, if none are known. */
  async #look(
    key: string,
    etag: string | undefined,
    { range, head }: GetOptions,
    signal: AbortSignal,
  ): Promise<Look<Flight>> {
    if (etag !== undefined || head === true || (range !== undefined && 'suffix' in range)) {
      const { info } = await this.#origin.get(key, { head: true, ifNoneMatch: etag, signal });
      return { info, extra: undefined };
    }
    // The signal is for as long as anybody waits for this answer; readers may stay longer than that.
    const { blockBytes } = this.#options;
    const start = range === undefined ? 0 : Math.floor(range.start / blockBytes);
    const end = range?.end === undefined ? undefined : Math.ceil(range.end / blockBytes);
    const abort = new AbortController();
    const onAbort = (): void => abort.abort(signal.reason);
    signal.addEventListener('abort', onAbort);
    try {
      const read = await this.#origin.get(key, {
        range: range && { start: start * blockBytes, end: end && end * blockBytes },
        signal: abort.signal,
      });
      const last = Math.ceil(read.range.end / blockBytes);
      return {
        info: read.info,
        extra: this.#fly(read.info, start, last, read, abort),
      };
    } catch (error) {
      // Others may wait for another range: what is there, they find out for themselves.
      if (!isStoreError(error, 'InvalidRange')) throw error;
      const { info } = await this.#origin.get(key, { head: true, signal });
      return { info, extra: undefined };
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Makes sure that the first block can be had, before a read says that it can. */
  async #openAt(
    info: ObjectInfo,
    range: Span,
    flight: Flight | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Flight | undefined> {
    const block = Math.floor(range.start / this.#options.blockBytes);
    if (range.start === range.end || this.#blocks.has(info, block)) return flight;
    const brings = this.#flightFor(info, block, range, flight);
    try {
      await brings.opened(signal);
      return brings;
    } catch (error) {
      brings.leave();
      throw error;
    }
  }

  #read(
    info: ObjectInfo,
    range: Span,
    flight: Flight | undefined,
    signal: AbortSignal | undefined,
  ): ObjectRead {
    let begun = false;
    const chunks = this.#chunks(info, range, flight, signal);
    const body = {
      [Symbol.asyncIterator]: () => {
        begun = true;
        return chunks;
      },
    };
    return objectRead(info, range, body, async () => {
      if (!begun) flight?.leave();
      begun = true;
      await chunks.return(undefined);
    });
  }

  async *#chunks(
    info: ObjectInfo,
    { start, end }: Span,
    joined: Flight | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void> {
    const { blockBytes } = this.#options;
    let flight = joined;
    try {
      for (let position = start; position < end;) {
        throwIfAborted(signal, 'get', info.key);
        const index = Math.floor(position / blockBytes);
        let block = await this.#blocks.read(info, index);
        if (block === undefined) {
          flight = this.#flightFor(info, index, { start: position, end }, flight);
          const bytes = await flight.block(index, signal);
          // It went by while it was looked for; then it is in the cache, or another fetch brings it.
          if (bytes === undefined) continue;
          block = { bytes, shared: true };
        }
        const to = Math.min(end, (index + 1) * blockBytes) - index * blockBytes;
        let from = position - index * blockBytes;
        position = index * blockBytes + to;
        if (!block.shared) yield block.bytes.subarray(from, to);
        for (; block.shared && from < to; from += PIECE_BYTES) {
          throwIfAborted(signal, 'get', info.key);
          yield block.bytes.slice(from, Math.min(to, from + PIECE_BYTES));
        }
      }
    } catch (error) {
      if (!hasChanged(error)) throw error;
      await this.#states.forget(info.key);
      throw new StoreError('Conflict', `${info.key} has changed while it was read`, {
        operation: 'get',
        key: info.key,
        cause: error,
      });
    } finally {
      flight?.leave();
    }
  }

  /** A fetch that brings a block: the one that the reader has, another's, or a new one. The reader has left its own if it is another. */
  #flightFor(info: ObjectInfo, index: number, { end }: Span, own: Flight | undefined): Flight {
    if (own?.brings(index, DISTANCE_MAX) === true) return own;
    const others = this.#flights.get(stateName(info)) ?? [];
    const found = [...others].find((flight) => flight.brings(index, DISTANCE_MAX));
    let next = found?.join();
    if (next === undefined) {
      const { blockBytes } = this.#options;
      let last = index + 1;
      while (last * blockBytes < end && !this.#blocks.has(info, last)) last++;
      const range = { start: index * blockBytes, end: Math.min(info.size, last * blockBytes) };
      next = this.#fly(info, index, last, (signal) =>
        this.#origin.get(info.key, { range, ifMatch: info.etag, signal }),
      ).join();
    }
    own?.leave();
    return next;
  }

  #fly(
    info: ObjectInfo,
    start: number,
    end: number,
    open: FlightOptions['open'],
    abort = new AbortController(),
  ): Flight {
    const state = stateName(info);
    const flights = this.#flights.get(state) ?? new Set();
    this.#flights.set(state, flights);
    const flight = new Flight({
      info,
      blockBytes: this.#options.blockBytes,
      start,
      end,
      abort,
      open,
      onBlock: (index, bytes) => this.#blocks.add(info, index, bytes),
      onEnd: () => {
        flights.delete(flight);
        if (flights.size === 0 && this.#flights.get(state) === flights) this.#flights.delete(state);
      },
    });
    flights.add(flight);
    return flight;
  }

  /** A body that is remembered while it is written, unless it is too large or comes from where it is not read once. */
  #keeping(source: Source): { readonly source: Source; readonly bytes: () => Uint8Array | undefined } {
    const most = this.#options.throughBytesMax;
    const { bytes, size, replayable } = source;
    if (bytes !== undefined) return { source, bytes: () => (bytes.byteLength <= most ? bytes : undefined) };
    if (replayable || most === 0 || (size !== undefined && size > most))
      return { source, bytes: () => undefined };
    let parts: Uint8Array[] | undefined = [];
    let seen = 0;
    async function* remembering(): AsyncGenerator<Uint8Array> {
      for await (const chunk of source.open()) {
        seen += chunk.byteLength;
        if (seen > most) parts = undefined;
        parts?.push(new Uint8Array(chunk));
        yield chunk;
      }
    }
    return { source: streamSource(remembering(), size), bytes: () => parts && Buffer.concat(parts) };
  }

  #keepAll(info: ObjectInfo, bytes: Uint8Array): void {
    const { blockBytes } = this.#options;
    if (bytes.byteLength !== info.size) return;
    for (let index = 0; index * blockBytes < info.size; index++) {
      // A copy: the caller's memory is the caller's again.
      const block = new Uint8Array(bytes.subarray(index * blockBytes, (index + 1) * blockBytes));
      this.#blocks.add(info, index, block);
    }
  }

  #checkOpen(operation: StoreOperation): void {
    if (this.#closed) throw new StoreError('Closed', `${this.toString()} was closed`, { operation });
  }
}

interface KeyWrite {
  end(): Promise<void>;
}

/** A write of a key whose end is told. */
async function beginWrite(states: States<Flight>, key: string): Promise<KeyWrite> {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const write = states.write(key, () => {
    begun.resolve();
    return ended.promise;
  });
  await begun.promise;
  return {
    end: () => {
      ended.resolve();
      return write;
    },
  };
}

/** What the origin says when the state that was asked for is not there any more. */
function hasChanged(error: unknown): boolean {
  return isStoreError(error, 'PreconditionFailed') || isStoreError(error, 'NotFound');
}
