/** What is transferred, read from one state of it: an object that moves meanwhile is known as such, and not as a failure. */

import { hash } from 'node:crypto';
import { collect } from '../body.ts';
import { isStoreError, StoreError } from '../errors.ts';
import type { ListedObject, ObjectInfo, ObjectStore } from '../object-store.ts';
import { checksumsOf, knownChecksums } from './known-checksums.ts';
import type { KnownChecksums } from './known-checksums.ts';
import { localFileOf } from './local-target.ts';

/** Objects up to this many bytes are read at once, and written from memory: one request on each side. */
export const SMALL_BYTES = 1024 * 1024;

const ZEROED_BYTES = 64 * 1024;
/** What S3 calls an object that was put in one piece. */
const MD5 = /^[0-9a-f]{32}$/;

export type TransferSource = Pick<ListedObject, 'key' | 'size'> &
  Partial<Pick<ListedObject, 'version' | 'etag' | 'lastModified'>>;

export class Origin {
  readonly store: ObjectStore;
  readonly source: TransferSource;
  readonly #signal: AbortSignal | undefined;
  #isChanged = false;

  constructor(store: ObjectStore, source: TransferSource, signal: AbortSignal | undefined) {
    this.store = store;
    this.source = source;
    this.#signal = signal;
  }

  /** A read failed since the object is in another state now, or gone. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** The state as it is now. @throws {StoreError} `NotFound` */
  look(): Promise<KnownChecksums> {
    const { key, version } = this.source;
    return knownChecksums(this.store, key, { version, signal: this.#signal });
  }

  /** The time of a state: services tell whole seconds of one object, and their listings more. */
  timeOf({ etag, lastModified }: ObjectInfo): Date {
    const { etag: listedEtag = etag, lastModified: listed } = this.source;
    if (listed === undefined || listedEtag !== etag) return lastModified;
    return Math.floor(listed.getTime() / 1000) * 1000 === lastModified.getTime() ? listed : lastModified;
  }

  /** A small object by one request; `undefined` when it has grown. @throws {StoreError} `NotFound` */
  async whole(size: number): Promise<{ info: ObjectInfo; bytes: Uint8Array } | undefined> {
    const { key, version } = this.source;
    const options = { version, signal: this.#signal };
    // Folders read small files fastest by themselves; elsewhere this is one call without a stream.
    if (localFileOf(this.store) !== undefined) {
      await using read = await this.store.get(key, options);
      if (read.info.size > SMALL_BYTES) return undefined;
      return { info: read.info, bytes: await collect(read.body) };
    }
    // Not filled with zeros first, where that takes longer than asking for such memory.
    const into = size <= ZEROED_BYTES ? new Uint8Array(size) : Buffer.allocUnsafeSlow(size);
    try {
      const info = await this.store.readInto(key, [{ start: 0, into }], { ...options, whole: true });
      return { info, bytes: info.size === size ? into : into.subarray(0, info.size) };
    } catch (error) {
      if (isStoreError(error, 'BufferTooSmall')) return undefined;
      throw error;
    }
  }

  /**
   * Compares bytes that came whole with the MD5 that most services name an object by.
   *
   * @returns false: the store keeps none of it
   * @throws {StoreError} `Corrupt`
   */
  async compare({ etag, key }: ObjectInfo, bytes: Uint8Array): Promise<boolean> {
    if (checksumsOf(this.store) === undefined || !MD5.test(etag)) return false;
    const sum = hash('md5', bytes, 'hex');
    if (sum === etag) return true;
    // What looks like one is none where the service encrypts with certain keys: it says so when it is asked.
    const known = await this.look();
    if (known.info.etag !== etag || known.md5 === undefined) return false;
    throw new StoreError('Corrupt', `What came of ${key} has the MD5 ${sum}, and not ${etag}: get it again`, {
      operation: 'get',
      key,
    });
  }

  /** Fills memory with bytes from `start` on, of the state of that etag. */
  async fill(into: Uint8Array, start: number, etag: string, signal?: AbortSignal): Promise<void> {
    const { key, version } = this.source;
    const options = { ifMatch: etag, version, signal: signal ?? this.#signal, concurrency: 1 };
    try {
      await this.store.readInto(key, [{ start, into }], options);
    } catch (error) {
      throw this.#note(error);
    }
  }

  /** Bytes `start` to `end - 1` of the state of that etag. */
  async *chunks(start: number, end: number, etag: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    if (start === end) return;
    const { key, version } = this.source;
    const options = { range: { start, end }, ifMatch: etag, version, signal: signal ?? this.#signal };
    try {
      await using part = await this.store.get(key, options);
      yield* part.body;
    } catch (error) {
      throw this.#note(error);
    }
  }

  /** The object grew beyond what was asked for: to be looked at again. */
  changed(cause?: unknown): StoreError {
    this.#isChanged = true;
    const { key } = this.source;
    return new StoreError('Conflict', `${key} was changed while it was transferred`, {
      operation: 'get',
      key,
      cause,
      retry: 'temporary',
    });
  }

  #note(error: unknown): unknown {
    const isOfState = isStoreError(error) && OF_ANOTHER_STATE.has(error.code);
    return isOfState ? this.changed(error) : error;
  }
}

/** Of a read that is pinned to a state which was there. */
const OF_ANOTHER_STATE: ReadonlySet<string> = new Set([
  'Conflict',
  'InvalidRange',
  'NotFound',
  'PreconditionFailed',
]);
