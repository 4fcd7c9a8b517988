/** Several stores as one: the first is the primary, whose word counts; the others follow it. See fanout.ts for what it promises. */

import { hasAttributes } from '../../attributes.ts';
import { announcedSize, openExact, streamSource, toSource } from '../../body.ts';
import type { Body, Source } from '../../body.ts';
import type { Capabilities } from '../../capabilities.ts';
import { StoreError, throwIfAborted, unsupported } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { checkKey, eachKey } from '../../keys.ts';
import { objectRead } from '../../object-read.ts';
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
  PutOptions,
  ReadIntoOptions,
  ReadTarget,
  UploadOptions,
} from '../../object-store.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { combinedCapabilities } from './combined-capabilities.ts';
import { deleteAll } from './delete-all.ts';
import { Divergences } from './divergence.ts';
import type { Divergence } from './divergence.ts';
import { outEntry, outInfo } from './etags.ts';
import { FanoutUpload } from './fanout-upload.ts';
import { isAnswer, noteResults, quorumError, replicate, toStoreError } from './members.ts';
import { Overlaps } from './overlaps.ts';
import { askFastest, askInTurn, candidates, conditionsFor } from './reads.ts';
import { Tee } from './tee.ts';
import { writeAll } from './write-all.ts';

/** Chunks of a stream that the fastest member may be ahead of the slowest. */
const WINDOW = 4;

export interface FanoutStoreOptions {
  readonly quorum: number;
  readonly read: 'first' | 'fastest';
  readonly hedgeMs: number;
  readonly dropAfterMs: number | undefined;
  readonly repairOnRead: boolean;
  readonly onDivergence: (divergence: Divergence) => void;
}

export class FanoutStore implements ObjectStore {
  readonly capabilities: Capabilities;
  readonly members: readonly ObjectStore[];
  readonly divergences: Divergences;
  readonly #primary: ObjectStore;
  readonly #options: FanoutStoreOptions;
  readonly #overlaps = new Overlaps((key) => this.#replicateAll(key, () => true));
  readonly #repairs = new Map<string, Promise<unknown>>();
  #closed = false;

  constructor(primary: ObjectStore, others: readonly ObjectStore[], options: FanoutStoreOptions) {
    this.#primary = primary;
    this.members = [primary, ...others];
    this.#options = options;
    this.divergences = new Divergences(this.members.length, options.onDivergence);
    this.capabilities = combinedCapabilities(primary, this.members);
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    this.#checkWrite('put', key, options);
    const source = toSource(body);
    const size = announcedSize(source, options.size);
    if (size !== undefined && size > this.capabilities.objectBytesMax) throw this.#tooLarge(key, size);
    if (isConditional(options)) {
      return this.#publish(key, () => this.#primary.put(key, source, options), options.signal);
    }
    return this.#overlaps.run(key, () => this.#putAll(key, source, { ...options, size }));
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    this.#checkOpen('get', key);
    const ask = async (member: number, signal: AbortSignal | undefined): Promise<ObjectRead> =>
      this.#member(member).get(key, { ...conditionsFor(options, member), signal });
    const order = candidates(key, this.members.length, options, this.divergences);
    const { member, value } =
      this.#options.read === 'fastest'
        ? await askFastest(order, ask, {
            signal: options.signal,
            hedgeMs: this.#options.hedgeMs,
            discard: (read) => void read.close().catch(() => undefined),
            onMissing: (other, error) => {
              this.divergences.add({ key, member: other, seenBy: 'read', error });
            },
          })
        : await askInTurn(order, ask, options.signal);
    this.#repairSoon(key, member);
    if (member === 0) return value;
    return objectRead(outInfo(value.info, member), value.range, value.body, () => value.close());
  }

  async readInto(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions = {},
  ): Promise<ObjectInfo> {
    this.#checkOpen('readInto', key);
    // One after another: two stores must not write to the same memory.
    const { member, value } = await askInTurn(
      candidates(key, this.members.length, options, this.divergences),
      (one) => this.#member(one).readInto(key, targets, conditionsFor(options, one)),
      options.signal,
    );
    this.#repairSoon(key, member);
    return outInfo(value, member);
  }

  async *list(options: ListOptions = {}): AsyncGenerator<ListEntry> {
    this.#checkOpen('list');
    let { startAfter } = options;
    let first: { readonly error: unknown } | undefined;
    for (const [member, store] of this.members.entries()) {
      try {
        for await (const entry of store.list({ ...options, startAfter })) {
          startAfter = entry.type === 'object' ? entry.key : entry.prefix;
          yield outEntry(entry, member);
        }
        return;
      } catch (error) {
        if (isAnswer(error)) throw error;
        first ??= { error };
      }
    }
    throw first?.error;
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    this.#checkOpen('delete');
    const begun = new Map<string, number>();
    const overlaps = this.#overlaps;
    async function* noted(): AsyncGenerator<string> {
      for await (const key of eachKey(keys)) {
        overlaps.begin(key);
        begun.set(key, (begun.get(key) ?? 0) + 1);
        yield key;
      }
    }
    try {
      for await (const { key, results } of deleteAll(this.members, noted(), options)) {
        noteResults(results, key, this.divergences);
        const error = quorumError(results, this.#options.quorum, key);
        const left = (begun.get(key) ?? 1) - 1;
        if (left === 0) begun.delete(key);
        else begun.set(key, left);
        await overlaps.end(key);
        yield error === undefined ? { key } : { key, error: toStoreError(error) };
      }
    } finally {
      for (const [key, count] of begun) {
        // Nobody knows which members have deleted it.
        for (let member = 1; member < this.members.length; member++) {
          this.divergences.add({ key, member, seenBy: 'write' });
        }
        for (let i = 0; i < count; i++) await overlaps.end(key);
      }
    }
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    this.#checkWrite('copy', to, options);
    const { ifMatch, version, signal } = options;
    const known = this.members.some((_, member) => this.divergences.has(from, member));
    if (isConditional(options) || ifMatch !== undefined || version !== undefined || known) {
      return this.#publish(to, () => this.#primary.copy(from, to, options), signal);
    }
    return this.#overlaps.run(to, async () => {
      const results = await writeAll(this.members, { ...this.#options, signal }, (store, _, both) =>
        store.copy(from, to, { ...options, signal: both }),
      );
      this.#conclude(results, to);
      return primaryResult(results);
    });
  }

  async upload(key: string, options?: UploadOptions): Promise<Upload> {
    this.#checkWrite('upload', key, options ?? {});
    const upload = await this.#primary.upload(key, options);
    return new FanoutUpload(upload, (write, signal) => this.#publish(key, write, signal));
  }

  openUpload(key: string, id?: string, options?: CallOptions): Promise<UploadReader> {
    return this.#primary.openUpload(key, id, options);
  }

  listUploads(options?: ListUploadsOptions): AsyncIterable<UploadListEntry> {
    return this.#primary.listUploads(options);
  }

  presign(key: string, _options?: PresignOptions): Promise<string> {
    return Promise.reject(unsupported(this, 'presign', 'make URLs: they would reach one store alone', key));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#repairs.values());
    await Promise.all(this.members.map((store) => store.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `fanout(${this.members.map((store) => store.toString()).join(', ')})`;
  }

  /**
   * Makes one key equal to the primary's in the members that `which` names.
   *
   * @returns what failed, which was reported, too
   */
  repairKey(key: string, which: (member: number) => boolean, signal?: AbortSignal): Promise<StoreError[]> {
    return this.#overlaps.run(key, () => this.#replicateAll(key, which, signal));
  }

  async #putAll(key: string, source: Source, options: PutOptions): Promise<ObjectInfo> {
    const { quorum, dropAfterMs } = this.#options;
    const again = source.bytes !== undefined || source.replayable;
    // Members that can still count for the quorum.
    const counting = new Set(this.members.keys());
    const tee = again
      ? undefined
      : new Tee(openExact(source, options.size), {
          readers: this.members.length,
          window: WINDOW,
          patienceMs: dropAfterMs,
          onSlow: (member) => member !== 0 && counting.size > quorum && counting.delete(member),
        });
    const results = await writeAll(
      this.members,
      { quorum, dropAfterMs, signal: options.signal },
      async (store, member, signal) => {
        const body = tee === undefined ? source : streamSource(tee.reader(member), options.size);
        try {
          return await store.put(key, body, { ...options, signal });
        } catch (error) {
          counting.delete(member);
          throw error;
        } finally {
          tee?.leave(member);
        }
      },
    );
    if (tee?.failure !== undefined) throw tee.failure.error;
    this.#conclude(results, key);
    return primaryResult(results);
  }

  /** A write that the primary decides, and the others follow. */
  #publish(key: string, write: () => Promise<ObjectInfo>, signal?: AbortSignal): Promise<ObjectInfo> {
    return this.#overlaps.run(key, async () => {
      const info = await write();
      const [, ...others] = this.members;
      const results = await Promise.allSettled(
        others.map((store) => replicate(this.#primary, store, key, signal)),
      );
      this.#conclude([{ status: 'fulfilled', value: info }, ...results], key);
      return info;
    });
  }

  #conclude(results: readonly PromiseSettledResult<unknown>[], key: string): void {
    noteResults(results, key, this.divergences);
    const error = quorumError(results, this.#options.quorum, key);
    if (error !== undefined) throw error;
  }

  async #replicateAll(
    key: string,
    which: (member: number) => boolean,
    signal?: AbortSignal,
  ): Promise<StoreError[]> {
    const errors: StoreError[] = [];
    const replicated = this.members.map(async (store, member) => {
      if (member === 0 || !which(member)) return;
      try {
        await replicate(this.#primary, store, key, signal);
        this.divergences.remove(key, member);
      } catch (thrown) {
        const error = toStoreError(thrown);
        errors.push(error);
        this.divergences.add({ key, member, seenBy: 'repair', error });
      }
    });
    await Promise.all(replicated);
    return errors;
  }

  /** After a read of the primary, which is there, therefore: what is known to differ is made equal. */
  #repairSoon(key: string, answered: number): void {
    if (!this.#options.repairOnRead || !this.capabilities.write || answered !== 0 || this.#repairs.has(key))
      return;
    const differs = (member: number): boolean => this.divergences.has(key, member);
    if (!this.members.some((_, member) => differs(member))) return;
    const repair = this.repairKey(key, differs).finally(() => this.#repairs.delete(key));
    this.#repairs.set(key, repair);
  }

  #member(member: number): ObjectStore {
    return this.members[member] ?? this.#primary;
  }

  #checkWrite(
    operation: StoreOperation,
    key: string,
    options: CallOptions & { attributes?: Attributes | undefined },
  ): void {
    this.#checkOpen(operation, key);
    checkKey(key, operation, this.capabilities.keyBytesMax);
    throwIfAborted(options.signal, operation, key);
    if (!this.capabilities.write) throw unsupported(this, operation, 'write', key);
    if (
      options.attributes !== undefined &&
      hasAttributes(options.attributes) &&
      !this.capabilities.attributes
    ) {
      throw unsupported(this, operation, 'keep attributes in all of its stores', key);
    }
  }

  #checkOpen(operation: StoreOperation, key?: string): void {
    if (this.#closed) throw new StoreError('Closed', `${this.toString()} was closed`, { operation, key });
  }

  #tooLarge(key: string, size: number): StoreError {
    return new StoreError(
      'TooLarge',
      `An object has ${this.capabilities.objectBytesMax} bytes at most in one of the stores, not ${size}`,
      { operation: 'put', key },
    );
  }
}

function isConditional({ mode }: Pick<PutOptions, 'mode'>): boolean {
  return mode !== undefined && mode !== 'overwrite';
}

function primaryResult<T>([primary]: readonly PromiseSettledResult<T>[]): T {
  if (primary?.status !== 'fulfilled') throw primary?.reason;
  return primary.value;
}
