/** The writing side of an upload made of part objects: what `PartedUpload` asks to have stored, completed, removed. */

import { hasAttributes } from '../attributes.ts';
import { replayableSource } from '../body.ts';
import { checkPutMode } from '../conditions.ts';
import { isStoreError, StoreError, unsupported } from '../errors.ts';
import type { ObjectInfo, PutMode } from '../object-store.ts';
import type { CompleteOptions } from '../upload.ts';
import { partKey, PARTS_MAX } from './part-objects.ts';
import type { PartObjects, PartSpan } from './part-objects.ts';
import type { Part } from './part-writer.ts';
import type { UploadDriver } from './parted-upload.ts';
import { sameBytes } from './same-bytes.ts';
import { readSpans, removeAll, removeParts } from './stored-parts.ts';
import { noUpload } from './upload-log.ts';
import type { UploadLog } from './upload-log.ts';
import { isEnded } from './upload-state.ts';
import type { UploadState } from './upload-state.ts';

/** Where a writer stands when it begins. */
export interface WriterStart {
  readonly owner: string;
  readonly epoch: number;
  readonly concurrency: number;
  readonly committed: number;
  /** what is committed */
  readonly parts: readonly PartSpan[];
  /** the bytes of the last of them, unless it is whole */
  readonly tail?: Uint8Array | undefined;
}

export class PartUploadDriver implements UploadDriver {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  readonly concurrency: number;
  readonly committed: number;
  readonly nextIndex: number;
  readonly tail: Uint8Array | undefined;
  readonly afterShort = 'replace';
  readonly #objects: PartObjects;
  readonly #log: UploadLog;
  readonly #owner: string;
  readonly #epoch: number;
  /** by index */
  readonly #parts: PartSpan[];
  /** an earlier attempt may have made the object, though nobody was told */
  #mayBePublished: boolean;
  #published: ObjectInfo | undefined;
  /** a look at the log that has begun, and one that begins after it */
  #looking: Promise<void> | undefined;
  #nextLook: Promise<void> | undefined;

  constructor(objects: PartObjects, log: UploadLog, start: WriterStart) {
    this.#objects = objects;
    this.#log = log;
    this.#owner = start.owner;
    this.#epoch = start.epoch;
    this.#parts = [...start.parts];
    this.#mayBePublished = log.state.phase === 'sealed';
    this.key = log.state.key;
    this.id = log.id;
    this.partSize = log.state.partSize;
    this.concurrency = start.concurrency;
    this.committed = start.committed;
    this.nextIndex = Math.floor(start.committed / this.partSize);
    this.tail = start.tail;
  }

  async writePart({ index, start, bytes }: Part): Promise<void> {
    const size = bytes.byteLength;
    if (this.#log.state.phase === 'sealed') throw this.#error('Conflict', SEALED);
    if (start + size > this.#objects.capabilities.objectBytesMax || index >= PARTS_MAX) {
      throw this.#error('TooLarge', 'is larger than the store can keep');
    }
    const key = partKey(this.#log.folder, { index, epoch: this.#epoch, size });
    await this.#objects.put(key, bytes);
    await this.#confirm();
    const replaced = this.#parts[index];
    this.#parts[index] = { key, size };
    // It counts no more: should it stay, it goes with the upload.
    if (replaced !== undefined) await removeAll(this.#objects, [replaced.key]).catch(() => undefined);
  }

  async complete(size: number, _parts: number, options: CompleteOptions): Promise<ObjectInfo> {
    const { mode = 'overwrite', signal } = options;
    if (this.#log.state.phase === 'open') {
      await this.#checkMode(mode, signal);
      await this.#log.advance((state) => {
        this.#checkOwner(state);
        return state.phase === 'sealed' ? undefined : { ...state, phase: 'sealed', size };
      }, signal);
    }
    if (this.#log.state.size !== size) throw this.#error('Conflict', SEALED);
    const info = (this.#published ??= await this.#publish(size, mode, signal));
    await this.#log.advance((state) => {
      if (state.phase === 'complete' && state.owner === this.#owner) return undefined;
      this.#checkOwner(state);
      return { ...state, phase: 'complete', etag: info.etag };
    }, signal);
    // The object is there: parts that stay are the cleaner's.
    await removeParts(this.#objects, this.#log.folder).catch(() => undefined);
    return info;
  }

  async abort(): Promise<void> {
    const { phase, owner } = await this.#log.advance((state) =>
      isEnded(state) || state.owner !== this.#owner ? undefined : { ...state, phase: 'aborted' },
    );
    if (phase === 'aborted' && owner === this.#owner) await removeParts(this.#objects, this.#log.folder);
  }

  /**
   * A condition that fails already is to leave the upload as it is: sealed, nothing could be added to it. That it
   * holds now decides nothing.
   */
  async #checkMode(mode: PutMode, signal: AbortSignal | undefined): Promise<void> {
    if (mode === 'overwrite') return;
    if (mode !== 'create' && !this.#objects.capabilities.ifMatch) {
      throw unsupported(this.#objects, 'upload', 'complete with ifMatch', this.key);
    }
    checkPutMode(mode, (await this.#present(signal))?.etag, 'upload', this.key);
  }

  async #publish(size: number, mode: PutMode, signal: AbortSignal | undefined): Promise<ObjectInfo> {
    try {
      return await this.#compose(size, mode, signal);
    } catch (error) {
      const isRefused = isStoreError(error, 'AlreadyExists') || isStoreError(error, 'PreconditionFailed');
      if (isRefused && this.#mayBePublished) {
        const info = await this.#findPublished(size, signal);
        if (info !== undefined) return info;
      }
      if (!isRefused) this.#mayBePublished = true;
      // Parts are gone when somebody else has completed or aborted the upload: that is what there is to say.
      this.#checkOwner(await this.#log.refresh('upload'), error);
      throw error;
    }
  }

  #compose(size: number, mode: PutMode, signal: AbortSignal | undefined): Promise<ObjectInfo> {
    const { attributes } = this.#log.state;
    if (this.#objects.compose !== undefined && size > 0) {
      return this.#objects.compose(this.key, this.#parts, { size, mode, attributes, signal });
    }
    const source = replayableSource(size, ({ start, end }) => this.#read(start, end, signal));
    const kept = hasAttributes(attributes) ? attributes : undefined;
    return this.#objects.put(this.key, source, { mode, attributes: kept, signal });
  }

  /** The object, if it has the upload's bytes: then it is what an earlier attempt made. */
  async #findPublished(size: number, signal: AbortSignal | undefined): Promise<ObjectInfo | undefined> {
    const info = await this.#present(signal);
    if (info?.size !== size) return undefined;
    await using read = await this.#objects.get(this.key, { ifMatch: info.etag, signal });
    const isSame = await sameBytes(read.body, this.#read(0, size, signal));
    return isSame ? info : undefined;
  }

  async #present(signal: AbortSignal | undefined): Promise<ObjectInfo | undefined> {
    try {
      await using read = await this.#objects.get(this.key, { head: true, signal });
      return read.info;
    } catch (error) {
      if (isStoreError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #read(start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const { partSize } = this;
    const first = Math.floor(start / partSize);
    const spans = this.#parts.slice(first, Math.ceil(end / partSize)).map(({ key, size }, at) => {
      const base = (first + at) * partSize;
      return { key, start: Math.max(0, start - base), end: Math.min(size, end - base) };
    });
    return readSpans(this.#objects, spans, signal);
  }

  /** Makes sure that nobody had taken over when the part was stored. One look serves all parts stored before it began. */
  #confirm(): Promise<void> {
    if (this.#looking === undefined) {
      this.#looking = this.#look().finally(() => (this.#looking = undefined));
      return this.#looking;
    }
    const after = (): Promise<void> => {
      this.#nextLook = undefined;
      return this.#confirm();
    };
    this.#nextLook ??= this.#looking.then(after, after);
    return this.#nextLook;
  }

  async #look(): Promise<void> {
    if (await this.#log.isNewest()) return;
    this.#checkOwner(await this.#log.refresh('upload'));
    throw this.#error('Conflict', SEALED);
  }

  #checkOwner(state: UploadState, cause?: unknown): void {
    if (isEnded(state)) throw noUpload('upload', this.key, this.id, state);
    if (state.owner !== this.#owner) throw this.#error('Conflict', 'was taken over by another writer', cause);
  }

  #error(code: 'Conflict' | 'TooLarge', what: string, cause?: unknown): StoreError {
    const message = `The upload ${this.id} of ${this.key} ${what}`;
    return new StoreError(code, message, { operation: 'upload', key: this.key, cause });
  }
}

const SEALED = 'is being completed with the bytes that it has: complete it or abort it, nothing can be added';
