/** A store whose calls are made again when they fail for a time: see retry.ts. */

import { toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import type { Capabilities } from '../../capabilities.ts';
import { isStoreError } from '../../errors.ts';
import type { StoreErrorCode, StoreOperation } from '../../errors.ts';
import type {
  Attributes,
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
  PutMode,
  PutOptions,
  ReadIntoOptions,
  ReadTarget,
  UploadOptions,
} from '../../object-store.ts';
import { COPY_FROM, COPY_ORIGIN, copyFrom, copyOrigin } from '../../sync/copy-origin.ts';
import type { CopyBetween, CopyOrigin } from '../../sync/copy-origin.ts';
import { CHECKSUMS, checksumsOf } from '../../transfers/known-checksums.ts';
import type { KeepsChecksums } from '../../transfers/known-checksums.ts';
import { aroundParts, PARTS } from '../../transfers/part-target.ts';
import type { PartTarget } from '../../transfers/part-target.ts';
import { CLEAN_UPLOADS, cleanerOf } from '../../uploads/clean-uploads.ts';
import type { CleansUploads } from '../../uploads/clean-uploads.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { CallerErrors } from '../caller-errors.ts';
import { Attempts } from './attempts.ts';
import { attemptTimeoutMs } from './policy.ts';
import type { RetryPolicy } from './policy.ts';
import { repeatedDelete } from './repeated-delete.ts';
import { repeatedReadInto } from './repeated-read-into.ts';
import { eachEntry, LIST_PAGES } from '../../list-pages.ts';
import { RepeatedUpload } from './repeated-upload.ts';
import { RepeatedUploadReader } from './repeated-upload-reader.ts';
import { resumingListUploads, resumingPages } from './resuming-lists.ts';
import { resumingRead } from './resuming-read.ts';
import { WatchedBody } from './watched-body.ts';

/** The name of the metadata that a marked write carries, with its value's length: an UUID. */
const MARK = 'cistern-put';
const MARK_BYTES = MARK.length + 36;

export class RetryStore implements ObjectStore {
  readonly #policy: RetryPolicy;
  readonly #inner: ObjectStore;

  constructor(policy: RetryPolicy, inner: ObjectStore) {
    this.#policy = policy;
    this.#inner = inner;
  }

  get capabilities(): Capabilities {
    const { capabilities } = this.#inner;
    if (!this.#policy.mark) return capabilities;
    return { ...capabilities, metadataBytesMax: capabilities.metadataBytesMax - MARK_BYTES };
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    const policy = this.#policy;
    const callers = new CallerErrors();
    const watched = new WatchedBody(callers.watchSource(toSource(body)));
    const mark = this.#mark(options.mode);
    const marked = { ...options, ...withMark(options.attributes, mark) };
    const { hiddenBytes } = watched;
    const attempts = new Attempts(policy, 'put', key, options.signal);
    try {
      return await attempts.run(async (watchdog) => {
        watchdog.arm(
          hiddenBytes === undefined ? policy.stallTimeoutMs : attemptTimeoutMs(policy, hiddenBytes),
        );
        const source = watched.for(watchdog, policy.stallTimeoutMs, policy.attemptTimeoutMs);
        try {
          return await watchdog.settle(this.#inner.put(key, source, { ...marked, signal: watchdog.signal }));
        } catch (error) {
          // Thrown past the loop, which would try again.
          if (callers.has(error) || !watched.isWhole) throw new Final(error);
          throw error;
        } finally {
          watchdog.stop();
        }
      });
    } catch (error) {
      return this.#resolve(error, attempts, key, options.mode, mark, options.signal);
    }
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    const attempts = new Attempts(this.#policy, 'get', key, options.signal);
    const opened = await attempts.run(async (watchdog) => {
      watchdog.arm(this.#policy.stallTimeoutMs);
      const read = await watchdog.race(
        this.#inner.get(key, { ...options, signal: watchdog.signal }),
        (late) => {
          late.close().catch(() => undefined);
        },
      );
      watchdog.disarm();
      return { read, watchdog };
    });
    if (options.head !== true) return resumingRead(this.#inner, this.#policy, opened, options);
    opened.watchdog.stop();
    return opened.read;
  }

  readInto(key: string, targets: readonly ReadTarget[], options: ReadIntoOptions = {}): Promise<ObjectInfo> {
    return repeatedReadInto(this.#inner, this.#policy, key, targets, options);
  }

  list(options: ListOptions = {}): AsyncIterable<ListEntry> {
    return eachEntry(this[LIST_PAGES](options), options.signal);
  }

  [LIST_PAGES](options: ListOptions): AsyncIterable<readonly ListEntry[]> {
    return resumingPages(this.#inner, this.#policy, options);
  }

  delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options: CallOptions = {},
  ): AsyncIterable<DeleteResult> {
    return repeatedDelete(this.#inner, this.#policy, keys, options);
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    // Without attributes of its own the copy has those of what is copied: there is no place for a mark.
    const mark = options.attributes === undefined ? undefined : this.#mark(options.mode);
    const marked = { ...options, ...withMark(options.attributes, mark) };
    const attempts = new Attempts(this.#policy, 'copy', to, options.signal);
    try {
      return await attempts.run(async (watchdog) => {
        watchdog.arm(this.#policy.attemptTimeoutMs);
        try {
          return await watchdog.race(this.#inner.copy(from, to, { ...marked, signal: watchdog.signal }));
        } finally {
          watchdog.stop();
        }
      });
    } catch (error) {
      return this.#resolve(error, attempts, to, options.mode, mark, options.signal);
    }
  }

  /** For copies between stores of one service: what is copied is where it is, and copying is tried again. */
  get [COPY_ORIGIN](): CopyOrigin {
    return copyOrigin(this.#inner);
  }

  [COPY_FROM](source: ObjectStore): CopyBetween | undefined {
    const copy = copyFrom(this.#inner, source);
    if (copy === undefined) return undefined;
    return async (from, to, options) => {
      const attempts = new Attempts(this.#policy, 'copy', to, options.signal);
      try {
        return await this.#run(attempts, this.#policy.attemptTimeoutMs, (signal) =>
          copy(from, to, { ...options, signal }),
        );
      } catch (error) {
        throw attempts.unanswered(error, failureOf(options.mode)) ?? error;
      }
    };
  }

  /** The cleaner of what is retried, if it has one. It can be called again when it fails. */
  get [CLEAN_UPLOADS](): CleansUploads[typeof CLEAN_UPLOADS] | undefined {
    return cleanerOf(this.#inner);
  }

  /** Each part is tried again by itself. */
  get [PARTS](): PartTarget | undefined {
    return aroundParts(this.#inner, ({ key, bytes, signal }, act) =>
      new Attempts(this.#policy, 'put', key, signal).run(async (watchdog) => {
        watchdog.arm(attemptTimeoutMs(this.#policy, bytes));
        try {
          return await watchdog.settle(act(watchdog.signal));
        } finally {
          watchdog.stop();
        }
      }),
    );
  }

  get [CHECKSUMS](): KeepsChecksums[typeof CHECKSUMS] {
    const ask = checksumsOf(this.#inner);
    if (ask === undefined) return undefined;
    return (key, options) =>
      this.#call('get', key, options.signal, this.#policy.stallTimeoutMs, (signal) =>
        ask(key, { ...options, signal }),
      );
  }

  async upload(key: string, options: UploadOptions = {}): Promise<Upload> {
    const mark = options.resume === undefined && this.#canMark() ? newMark() : undefined;
    const marked = { ...options, ...withMark(options.attributes, mark) };
    const inner = await this.#call('upload', key, options.signal, this.#policy.attemptTimeoutMs, (signal) =>
      this.#inner.upload(key, { ...marked, signal }),
    );
    return new RepeatedUpload(inner, {
      store: this.#inner,
      policy: this.#policy,
      concurrency: options.concurrency,
      findOwn: (signal) => this.#findOwn(key, mark, signal),
    });
  }

  async openUpload(key: string, id?: string, options: CallOptions = {}): Promise<UploadReader> {
    const inner = await this.#call('openUpload', key, options.signal, this.#policy.stallTimeoutMs, (signal) =>
      this.#inner.openUpload(key, id, { ...options, signal }),
    );
    return new RepeatedUploadReader(inner, this.#policy);
  }

  listUploads(options: ListUploadsOptions = {}): AsyncIterable<UploadListEntry> {
    return resumingListUploads(this.#inner, this.#policy, options);
  }

  presign(key: string, options?: PresignOptions): Promise<string> {
    return this.#inner.presign(key, options);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `retry(${this.#policy.attempts}, ${this.#inner.toString()})`;
  }

  #call<T>(
    operation: StoreOperation,
    key: string,
    signal: AbortSignal | undefined,
    timeoutMs: number,
    act: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.#run(new Attempts(this.#policy, operation, key, signal), timeoutMs, act);
  }

  #run<T>(attempts: Attempts, timeoutMs: number, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return attempts.run(async (watchdog) => {
      watchdog.arm(timeoutMs);
      try {
        return await watchdog.race(act(watchdog.signal));
      } finally {
        watchdog.stop();
      }
    });
  }

  /** A condition that failed on what may be this call's own doing is looked into. @throws what is known */
  async #resolve(
    thrown: unknown,
    attempts: Attempts,
    key: string,
    mode: PutMode | undefined,
    mark: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ObjectInfo> {
    const error = thrown instanceof Final ? thrown.error : thrown;
    const unanswered = attempts.unanswered(error, failureOf(mode));
    if (unanswered === undefined) throw error;
    const own = await this.#findOwn(key, mark, signal);
    if (own === undefined) throw unanswered;
    return own;
  }

  async #findOwn(
    key: string,
    mark: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ObjectInfo | undefined> {
    if (mark === undefined) return undefined;
    try {
      const { info } = await this.get(key, { head: true, signal });
      return info.attributes.metadata?.[MARK] === mark ? info : undefined;
    } catch (error) {
      if (isStoreError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #mark(mode: PutMode | undefined): string | undefined {
    return mode === undefined || mode === 'overwrite' || !this.#canMark() ? undefined : newMark();
  }

  #canMark(): boolean {
    return this.#policy.mark && this.#inner.capabilities.attributes;
  }
}

/** An error that is not to be followed by another attempt, whatever it is. */
class Final extends Error {
  readonly error: unknown;

  constructor(error: unknown) {
    super();
    this.error = error;
  }
}

/** How a condition fails when what it asked for is there already. */
function failureOf(mode: PutMode | undefined): readonly StoreErrorCode[] {
  if (mode === undefined || mode === 'overwrite') return [];
  return mode === 'create' ? ['AlreadyExists'] : ['PreconditionFailed'];
}

function newMark(): string {
  return globalThis.crypto.randomUUID();
}

function withMark(attributes: Attributes | undefined, mark: string | undefined): { attributes?: Attributes } {
  if (mark === undefined) return {};
  return { attributes: { ...attributes, metadata: { ...attributes?.metadata, [MARK]: mark } } };
}
