/**
 * Uploads for a store that has none of its own: parts as objects under the reserved prefix, whose listing is the manifest.
 * A backend makes one of these of its own calls (`PartObjects`), and forwards its upload methods to it. Any process can
 * follow and resume; nothing but the store is shared.
 */

import { hasAttributes, toAttributes } from '../attributes.ts';
import { collect } from '../body.ts';
import { isStoreError, StoreError, unsupported } from '../errors.ts';
import type { StoreOperation } from '../errors.ts';
import { compareKeys } from '../keys.ts';
import type { Attributes, CallOptions, ListUploadsOptions, UploadOptions } from '../object-store.ts';
import type { Upload, UploadListEntry, UploadReader } from '../upload.ts';
import { cleanPartUploads } from './clean-part-uploads.ts';
import type { CleanedUpload } from './clean-uploads.ts';
import { CountedParts } from './counted-parts.ts';
import { eachUpload } from './each-upload.ts';
import {
  folderPrefix,
  isUploadId,
  newUploadId,
  PART_BYTES_MAX,
  randomHex,
  STATES_PREFIX,
} from './part-objects.ts';
import type { PartObjects } from './part-objects.ts';
import { PartUploadDriver } from './part-upload-driver.ts';
import { PartUploadSource } from './part-upload-source.ts';
import { PartedUpload } from './parted-upload.ts';
import { PolledReader } from './polled-reader.ts';
import { listParts, readSpans } from './stored-parts.ts';
import { noUpload, UploadLog } from './upload-log.ts';
import { isEnded } from './upload-state.ts';
import type { UploadState } from './upload-state.ts';

export interface PartUploadsOptions {
  /** bytes a part, where the caller does not say; 8 MiB when left out */
  readonly partSize?: number | undefined;
  /** parts written at once, likewise; 4 when left out */
  readonly concurrency?: number | undefined;
}

const PART_BYTES = 8 * 1024 * 1024;
const CONCURRENCY = 4;

export class PartUploads {
  readonly #objects: PartObjects;
  readonly #partSize: number;
  readonly #concurrency: number;

  constructor(
    objects: PartObjects,
    { partSize = PART_BYTES, concurrency = CONCURRENCY }: PartUploadsOptions = {},
  ) {
    this.#objects = objects;
    this.#partSize = partSize;
    this.#concurrency = concurrency;
  }

  /** As `ObjectStore.upload`, of a key that was checked. */
  async upload(key: string, options: UploadOptions = {}): Promise<Upload> {
    this.#checkAble('upload', key);
    const { concurrency = this.#concurrency, resume } = options;
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
      throw invalid(`At least 1 part is written at once, not ${concurrency}`, key);
    }
    return resume === undefined
      ? this.#begin(key, concurrency, options)
      : this.#resume(key, resume, concurrency, options.signal);
  }

  /** As `ObjectStore.openUpload`, of a key that was checked. */
  async openUpload(key: string, id?: string, { signal }: CallOptions = {}): Promise<UploadReader> {
    this.#checkAble('openUpload', key);
    const prefix = await folderPrefix(key);
    const found = id === undefined ? await this.#newest(prefix, signal) : id;
    const log = await this.#open('openUpload', key, prefix, found ?? '', signal);
    if (isEnded(log.state)) throw noUpload('openUpload', key, log.id, log.state);
    const source = new PartUploadSource(this.#objects, log);
    return new PolledReader(source, await source.look(signal));
  }

  /** As `ObjectStore.listUploads`. Holds the entries in memory, to bring them in order. */
  async *listUploads({ prefix = '', signal }: ListUploadsOptions = {}): AsyncGenerator<UploadListEntry> {
    this.#checkAble('listUploads');
    const found: UploadListEntry[] = [];
    for await (const { id, state } of eachUpload(this.#objects, STATES_PREFIX, signal)) {
      if (isEnded(state) || !state.key.startsWith(prefix)) continue;
      found.push({ key: state.key, id, startedAt: new Date(state.startedAt) });
    }
    yield* found.sort((a, b) => compareKeys(a.key, b.key) || compareKeys(a.id, b.id));
  }

  /** As `cleanUploads`. */
  clean(options: CallOptions & { olderThanMs: number; dryRun: boolean }): Promise<CleanedUpload[]> {
    this.#checkAble('listUploads');
    return cleanPartUploads(this.#objects, options);
  }

  async #begin(key: string, concurrency: number, options: UploadOptions): Promise<Upload> {
    const attributes = this.#attributes(key, options.attributes);
    const wanted = options.partSize ?? this.#partSize;
    if (!Number.isSafeInteger(wanted) || wanted < 1 || wanted > PART_BYTES_MAX) {
      throw invalid(`A part has 1 to ${PART_BYTES_MAX} bytes, not ${wanted}`, key);
    }
    const partSize = Math.max(wanted, this.#objects.capabilities.partBytesMin);
    const startedAt = Date.now();
    const id = newUploadId(startedAt);
    const owner = randomHex(8);
    const state: UploadState = {
      format: 1,
      key,
      partSize,
      attributes,
      startedAt,
      owner,
      writers: [{ epoch: 1, from: 0 }],
      phase: 'open',
    };
    const folder = `${await folderPrefix(key)}${id}`;
    const log = await UploadLog.begin(this.#objects, folder, id, state, options.signal);
    const start = { owner, epoch: 1, concurrency, committed: 0, parts: [] };
    return new PartedUpload(new PartUploadDriver(this.#objects, log, start));
  }

  async #resume(
    key: string,
    id: string,
    concurrency: number,
    signal: AbortSignal | undefined,
  ): Promise<Upload> {
    const objects = this.#objects;
    const log = await this.#open('upload', key, await folderPrefix(key), id, signal);
    const { folder } = log;
    const owner = randomHex(8);
    const { partSize } = log.state;
    let counted = new CountedParts(folder, partSize);
    const count = async (state: UploadState): Promise<number> => {
      counted.add(await listParts(objects, folder, counted.firstOpen, signal), state);
      return counted.committed;
    };
    await log.advance(async (state, epoch) => {
      if (isEnded(state)) throw noUpload('upload', key, id, state);
      if (state.owner === owner) return undefined;
      counted = new CountedParts(folder, partSize);
      return { ...state, owner, claim: { epoch, from: await count(state) } };
    }, signal);
    const settled = await log.advance(async (state) => {
      if (isEnded(state)) throw noUpload('upload', key, id, state);
      if (state.owner !== owner) throw takenOver(key, id);
      const { claim, ...rest } = state;
      if (claim === undefined) return undefined;
      // What was stored before the claim counts, and it shows in this listing.
      const from = await count(rest);
      return { ...rest, writers: [...rest.writers, { epoch: claim.epoch, from }] };
    }, signal);
    const { epoch, from: committed } = settled.writers.at(-1) ?? { epoch: 0, from: 0 };
    if (counted.committed !== committed) {
      counted = new CountedParts(folder, partSize);
      await count(settled);
    }
    const whole = committed - (committed % partSize);
    const tail = await collect(readSpans(objects, counted.spans(whole, committed), signal)).catch(
      async (error: unknown) => {
        // Whoever has taken over since may have replaced the last part.
        if (isStoreError(error, 'NotFound') && !(await log.isNewest())) throw takenOver(key, id);
        throw error;
      },
    );
    const start = { owner, epoch, concurrency, committed, parts: counted.all(), tail };
    return new PartedUpload(new PartUploadDriver(objects, log, start));
  }

  #open(
    operation: 'upload' | 'openUpload',
    key: string,
    prefix: string,
    id: string,
    signal: AbortSignal | undefined,
  ): Promise<UploadLog> {
    // It becomes part of a key: what is no id of ours must not.
    if (!isUploadId(id)) return Promise.reject(noUpload(operation, key, id));
    return UploadLog.open(this.#objects, `${prefix}${id}`, id, { operation, key, signal });
  }

  async #newest(prefix: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    let newest: string | undefined;
    for await (const { id, state } of eachUpload(this.#objects, `${STATES_PREFIX}${prefix}`, signal)) {
      if (!isEnded(state) && (newest === undefined || compareKeys(id, newest) > 0)) newest = id;
    }
    return newest;
  }

  #attributes(key: string, given: Attributes | undefined): Attributes {
    const { attributes: able, metadataBytesMax } = this.#objects.capabilities;
    const attributes = toAttributes(given, 'upload', key, metadataBytesMax);
    if (!able && hasAttributes(attributes))
      throw unsupported(this.#objects, 'upload', 'keep attributes', key);
    return attributes;
  }

  /** Without a creation that is decided atomically two writers could not be told apart. */
  #checkAble(operation: StoreOperation, key?: string): void {
    const { uploads, create } = this.#objects.capabilities;
    if (!uploads || !create) throw unsupported(this.#objects, operation, 'keep uploads in progress', key);
  }
}

function takenOver(key: string, id: string): StoreError {
  const message = `The upload ${id} of ${key} was taken over by another writer`;
  return new StoreError('Conflict', message, { operation: 'upload', key });
}

function invalid(message: string, key: string): StoreError {
  return new StoreError('InvalidArgument', message, { operation: 'upload', key });
}
