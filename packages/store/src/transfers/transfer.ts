/** One object from a store into another one, by the shortest way between them. */

import { hasAttributes } from '../attributes.ts';
import { replayableSource } from '../body.ts';
import { isStoreError, StoreError, throwIfAborted } from '../errors.ts';
import type { Attributes, CallOptions, ObjectInfo, ObjectStore, PutMode } from '../object-store.ts';
import { toStore } from '../store.ts';
import { copyOrigin, serverSideCopy } from '../sync/copy-origin.ts';
import type { Journal } from './journal.ts';
import type { LocalWrite } from './local-file.ts';
import { localFileOf } from './local-target.ts';
import { Origin, SMALL_BYTES } from './origin.ts';
import type { TransferSource } from './origin.ts';
import { partTargetOf } from './part-target.ts';
import { Remembered } from './remembered.ts';
import { SmallFiles } from './small-files.ts';

type LocalFile = NonNullable<ReturnType<typeof localFileOf>>;

/** One for the process: its files are counted together. */
const smallFiles = new SmallFiles();

export interface TransferOptions extends CallOptions {
  /**
   * of the object that is written; `overwrite` when left out. Where the target cannot decide `create` by itself it is looked at
   * before: what comes there meanwhile is replaced
   */
  readonly mode?: PutMode | undefined;
  /** replace those of the source; carried when left out, where the target keeps any */
  readonly attributes?: Attributes | undefined;
  /** bytes a part of large objects; the target's own choice when left out, and more than is asked for where it needs more */
  readonly partSize?: number | undefined;
  /** parts of one object under way at once; the stores' own choice when left out */
  readonly concurrency?: number | undefined;
  /** where large transfers are remembered until they are whole; nothing is gone on with when left out */
  readonly journal?: Journal | undefined;
  /**
   * called as bytes are moved, with how many more; `isResumed`: an earlier run had moved them. A negative number takes back
   * what was moved of a source that changed meanwhile
   */
  readonly onBytes?: ((bytes: number, isResumed: boolean) => void) | undefined;
  /** `true`: a file of a plain folder is synced to the disk before it gets its name; `false` when left out */
  readonly durable?: boolean | undefined;
}

export interface TransferResult {
  readonly info: ObjectInfo;
  /** bytes that an earlier run had moved */
  readonly resumedBytes: number;
  /** no byte passed through this process */
  readonly serverSide: boolean;
  /**
   * what all bytes that arrived were compared with, beside what the stores compare by themselves: a checksum of the other side, or
   * their number alone
   */
  readonly verified: 'crc32' | 'md5' | 'size';
}

/** Times that a source may change while it is transferred. */
const ATTEMPTS = 3;

/**
 * Writes the object `source` of `from` to `key` of `to`: the state that was listed or a later one, whole, and verified as far as
 * the two stores keep checksums.
 *
 * - Within one service it is copied by the service.
 * - Up to 1 MiB it is one request on each side.
 * - Larger ones go to services in parallel parts, and into plain folders in parallel ranges: to a hidden file that gets its
 *   name, and the object's time, when it is whole. With a journal a later call with the same stores and keys goes on with
 *   what is there, which is compared before; without one nothing is left of a transfer that fails.
 * - Other targets are given a stream.
 *
 * @param source as listed, or its info
 * @throws {StoreError} of either store; `NotFound` with the source's key when it is gone; `Conflict` when it changes all the time;
 *   `Corrupt` when other bytes arrived than the source has; `AlreadyExists`, `PreconditionFailed` by the mode
 */
export async function transfer(
  from: ObjectStore,
  source: TransferSource,
  to: ObjectStore,
  key: string,
  options: TransferOptions = {},
): Promise<TransferResult> {
  const target = toStore(to).inner;
  const transferring = new Transfer(toStore(from).inner, source, target, key, options);
  const { mode = 'overwrite', signal } = options;
  if (mode !== 'create') return transferring.run(mode);
  if (target.capabilities.create) {
    try {
      return await transferring.run(mode);
    } catch (error) {
      // Some services show only then what they do not decide. What cannot be written to says so again.
      if (!isStoreError(error, 'Unsupported')) throw error;
    }
  }
  await refuseExisting(target, key, signal);
  return transferring.run('overwrite');
}

async function refuseExisting(to: ObjectStore, key: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await to.get(key, { head: true, signal });
  } catch (error) {
    if (isStoreError(error, 'NotFound')) return;
    throw error;
  }
  throw new StoreError('AlreadyExists', `There is an object ${key} already`, { operation: 'put', key });
}

class Transfer {
  readonly #from: ObjectStore;
  readonly #source: TransferSource;
  readonly #to: ObjectStore;
  readonly #key: string;
  readonly #options: TransferOptions;
  /** bytes that were told of */
  #moved = 0;
  #resumed = 0;

  constructor(
    from: ObjectStore,
    source: TransferSource,
    to: ObjectStore,
    key: string,
    options: TransferOptions,
  ) {
    this.#from = from;
    this.#source = source;
    this.#to = to;
    this.#key = key;
    this.#options = options;
  }

  async run(mode: PutMode): Promise<TransferResult> {
    const { signal } = this.#options;
    throwIfAborted(signal, 'put', this.#key);
    const copied = await this.#copy(mode);
    if (copied !== undefined) return copied;
    for (let attempt = 1; ; attempt++) {
      const origin = new Origin(this.#from, this.#source, signal);
      try {
        return await this.#move(origin, mode);
      } catch (error) {
        if (!origin.isChanged || attempt === ATTEMPTS || signal?.aborted === true) throw error;
        this.#takeBack();
      }
    }
  }

  /** On the side of the store, where both are there. */
  async #copy(mode: PutMode): Promise<TransferResult | undefined> {
    const between = serverSideCopy(this.#from, this.#to);
    if (between === undefined) return undefined;
    const { signal } = this.#options;
    const { key, version } = this.#source;
    const attributes = this.#to.capabilities.attributes ? this.#options.attributes : undefined;
    try {
      const info = await between(key, this.#key, { mode, attributes, signal, version });
      this.#count(info.size, false);
      return this.#result(info, 'size', true);
    } catch (error) {
      // The source itself is asked whether it is gone: there are services that do not find every key they have.
      if (!isStoreError(error, 'NotFound')) throw error;
      return undefined;
    }
  }

  async #move(origin: Origin, mode: PutMode): Promise<TransferResult> {
    const localFile = typeof mode === 'string' ? localFileOf(this.#to) : undefined;
    if (this.#source.size <= SMALL_BYTES) {
      const small = await this.#small(origin, this.#source.size, mode, localFile);
      if (small !== undefined) return small;
    }
    const known = await origin.look();
    const { info } = known;
    if (info.size <= SMALL_BYTES) {
      const small = await this.#small(origin, info.size, mode, localFile);
      if (small === undefined) throw origin.changed();
      return small;
    }
    const { partSize, concurrency, signal } = this.#options;
    const onBytes = (bytes: number, isResumed: boolean): void => this.#count(bytes, isResumed);
    if (localFile !== undefined) {
      const { downloadFile } = await import('./download.ts');
      const write = await this.#localWrite(localFile, mode);
      const remembered = this.#remembered('download');
      const rangeBytes = partSize;
      const done = await downloadFile({
        origin,
        known,
        write,
        rangeBytes,
        concurrency,
        remembered,
        signal,
        onBytes,
      });
      return this.#result(done.info, done.verified);
    }
    const attributes = this.#attributes(info);
    const target = partTargetOf(this.#to);
    if (target !== undefined && info.size > target.partSize(info.size, partSize)) {
      const { uploadParts } = await import('./upload-parts.ts');
      const remembered = this.#remembered('upload');
      const done = await uploadParts({
        origin,
        info,
        target,
        key: this.#key,
        mode,
        attributes,
        partSize,
        concurrency,
        remembered,
        signal,
        onBytes,
      });
      return this.#result(done.info, done.isVerified ? 'crc32' : 'size');
    }
    const body = replayableSource(info.size, ({ start, end }) => this.#counted(origin, start, end, info));
    return this.#result(await this.#to.put(this.#key, body, { mode, attributes, signal }), 'size');
  }

  /** In one piece; `undefined` when the source has grown too large for that. */
  async #small(
    origin: Origin,
    size: number,
    mode: PutMode,
    localFile: LocalFile | undefined,
  ): Promise<TransferResult | undefined> {
    const whole = await origin.whole(size);
    if (whole === undefined) return undefined;
    const { info, bytes } = whole;
    const isVerified = await origin.compare(info, bytes);
    let written: ObjectInfo;
    if (localFile === undefined) {
      const { signal } = this.#options;
      const attributes = this.#attributes(info);
      written = await this.#to.put(this.#key, bytes, { mode, attributes, signal });
    } else {
      written = await this.#smallFile(localFile, mode, bytes, origin.timeOf(info));
    }
    this.#count(bytes.byteLength, false);
    return this.#result(written, isVerified ? 'md5' : 'size');
  }

  async #smallFile(
    localFile: LocalFile,
    mode: PutMode,
    bytes: Uint8Array,
    modified: Date,
  ): Promise<ObjectInfo> {
    const likely = await this.#localWrite(localFile, mode, true);
    try {
      return await smallFiles.write(likely, bytes, modified);
    } catch (error) {
      // The folder has gone, or one has come where the file should be.
      if (!isStoreError(error, 'NotFound') && !isStoreError(error, 'Conflict')) throw error;
      return await smallFiles.write(await this.#localWrite(localFile, mode), bytes, modified);
    }
  }

  async #localWrite(localFile: LocalFile, mode: PutMode, isLikely = false): Promise<LocalWrite> {
    const { durable = false } = this.#options;
    return {
      key: this.#key,
      path: await localFile(this.#key, isLikely),
      creates: mode === 'create',
      durable,
    };
  }

  async *#counted(
    origin: Origin,
    start: number,
    end: number,
    { etag, size }: ObjectInfo,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of origin.chunks(start, end, etag)) {
      yield chunk;
      // What is read once more is no progress.
      this.#count(Math.min(chunk.byteLength, size - this.#moved), false);
    }
  }

  #attributes(info: ObjectInfo): Attributes | undefined {
    if (!this.#to.capabilities.attributes) return undefined;
    const { attributes = info.attributes } = this.#options;
    return hasAttributes(attributes) ? attributes : undefined;
  }

  #remembered(kind: 'upload' | 'download'): Remembered | undefined {
    const { journal } = this.#options;
    if (journal === undefined) return undefined;
    const { key, version = null } = this.#source;
    // The stores behind layers that change no bytes: another limit or another prefix is no other transfer.
    const [from, to] = [copyOrigin(this.#from), copyOrigin(this.#to)];
    const source = [from.store.toString(), from.prefix + key, version];
    const name = [...source, to.store.toString(), to.prefix + this.#key];
    return new Remembered(journal, name, kind);
  }

  #count(bytes: number, isResumed: boolean): void {
    if (bytes === 0) return;
    this.#moved += bytes;
    if (isResumed) this.#resumed += bytes;
    this.#options.onBytes?.(bytes, isResumed);
  }

  #takeBack(): void {
    if (this.#moved > 0) this.#options.onBytes?.(-this.#moved, false);
    this.#moved = 0;
    this.#resumed = 0;
  }

  #result(info: ObjectInfo, verified: TransferResult['verified'], isServerSide = false): TransferResult {
    return { info, resumedBytes: this.#resumed, serverSide: isServerSide, verified };
  }
}
