/**
 * A store that notes every call that reaches it, and answers from memory. Conditions, versions and the like are noted and not
 * applied, so that calls with every option succeed.
 */

import type { Body } from '../body.ts';
import type { Capabilities } from '../capabilities.ts';
import { memory } from '../memory.ts';
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
} from '../object-store.ts';
import type { Upload, UploadListEntry, UploadReader } from '../upload.ts';

export interface Recorded {
  readonly method: string;
  readonly args: readonly unknown[];
}

export class RecordingStore implements ObjectStore {
  readonly calls: Recorded[] = [];
  /** called with the options of each call, before it is answered */
  onCall: (options: CallOptions | undefined) => void = () => undefined;
  readonly #inner: ObjectStore = memory().inner;

  get capabilities(): Capabilities {
    return { ...this.#inner.capabilities, versions: true, presign: true };
  }

  put(key: string, body: Body, options?: PutOptions): Promise<ObjectInfo> {
    return this.#note('put', [key, options], options, () => this.#inner.put(key, body));
  }

  get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    const { range, head } = options;
    return this.#note('get', [key, options], options, () => this.#inner.get(key, { range, head }));
  }

  readInto(key: string, targets: readonly ReadTarget[], options: ReadIntoOptions = {}): Promise<ObjectInfo> {
    return this.#note('readInto', [key, targets, options], options, () =>
      this.#inner.readInto(key, targets, { whole: options.whole }),
    );
  }

  async *list(options?: ListOptions): AsyncGenerator<ListEntry> {
    await this.#note('list', [options], options, () => Promise.resolve());
    yield* this.#inner.list();
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options?: CallOptions,
  ): AsyncGenerator<DeleteResult> {
    await this.#note('delete', [options], options, () => Promise.resolve());
    for await (const result of this.#inner.delete(keys)) {
      this.calls.push({ method: 'deleted', args: [result.key] });
      yield result;
    }
  }

  copy(from: string, to: string, options?: CopyOptions): Promise<ObjectInfo> {
    return this.#note('copy', [from, to, options], options, () => this.#inner.copy(from, to));
  }

  async upload(key: string, options?: UploadOptions): Promise<Upload> {
    const inner = await this.#note('upload', [key, options], options, () => this.#inner.upload(key));
    return {
      key: inner.key,
      id: inner.id,
      partSize: inner.partSize,
      get committed() {
        return inner.committed;
      },
      write: (bytes) => this.#note('write', [bytes], undefined, () => inner.write(bytes)),
      writeAll: (body, given) => this.#note('write', [body], given, () => inner.writeAll(body)),
      flush: (given) => this.#note('flush', [given], given, () => inner.flush()),
      complete: (given) => this.#note('complete', [given], given, () => inner.complete()),
      abort: () => this.#note('abort', [], undefined, () => inner.abort()),
      detach: () => this.#note('detach', [], undefined, () => inner.detach()),
      [Symbol.asyncDispose]: () => this.#note('abort', [], undefined, () => inner.abort()),
    };
  }

  async openUpload(key: string, id?: string, options?: CallOptions): Promise<UploadReader> {
    const inner = await this.#note('openUpload', [key, id, options], options, () =>
      this.#inner.openUpload(key),
    );
    const each = (method: string, args: unknown[], given: CallOptions | undefined): Promise<void> =>
      this.#note(method, args, given, () => Promise.resolve());
    return {
      key: inner.key,
      id: inner.id,
      partSize: inner.partSize,
      get committed() {
        return inner.committed;
      },
      refresh: (given) => this.#note('refresh', [given], given, () => inner.refresh()),
      read: async function* (range, given) {
        await each('read', [range, given], given);
        yield* inner.read(range);
      },
      follow: async function* (given) {
        await each('follow', [given], given);
        yield* inner.read({ start: given?.start ?? 0 });
      },
      close: () => this.#note('closeReader', [], undefined, () => inner.close()),
      [Symbol.asyncDispose]: () => this.#note('closeReader', [], undefined, () => inner.close()),
    };
  }

  async *listUploads(options?: ListUploadsOptions): AsyncGenerator<UploadListEntry> {
    await this.#note('listUploads', [options], options, () => Promise.resolve());
    yield* this.#inner.listUploads();
  }

  presign(key: string, options?: PresignOptions): Promise<string> {
    return this.#note('presign', [key, options], undefined, () => Promise.resolve(`signed:${key}`));
  }

  close(): Promise<void> {
    return this.#note('close', [], undefined, () => Promise.resolve());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return 'recording()';
  }

  async #note<T>(
    method: string,
    args: readonly unknown[],
    options: CallOptions | undefined,
    act: () => Promise<T>,
  ): Promise<T> {
    this.calls.push({ method, args });
    this.onCall(options);
    return act();
  }
}
