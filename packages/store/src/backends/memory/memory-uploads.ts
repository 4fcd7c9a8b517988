/** Uploads of a store in memory. Readers are woken by writers; what was read stays readable until the upload ends. */

import { resolveCommitted } from '../../byte-range.ts';
import { concat } from '../../body.ts';
import { StoreError, throwIfAborted, abortedError } from '../../errors.ts';
import { compareKeys } from '../../keys.ts';
import type {
  Attributes,
  ByteRange,
  CallOptions,
  ObjectInfo,
  PutMode,
  UploadOptions,
} from '../../object-store.ts';
import type { FollowOptions, Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { PartedUpload } from '../../uploads/parted-upload.ts';

/** Small, since a part is only copied. */
const PART_BYTES = 1024 * 1024;

type Publish = (
  key: string,
  bytes: Uint8Array,
  attributes: Attributes,
  mode: PutMode | undefined,
) => ObjectInfo;

interface State {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  readonly attributes: Attributes;
  readonly startedAt: Date;
  parts: Uint8Array[];
  /** who may write: a later writer shuts the earlier ones out */
  writer: number;
  end: 'complete' | 'aborted' | undefined;
  wake: Set<() => void>;
}

export class MemoryUploads {
  readonly #publish: Publish;
  readonly #open = new Map<string, State>();
  #ids = 0;

  constructor(publish: Publish) {
    this.#publish = publish;
  }

  begin(key: string, attributes: Attributes, options: UploadOptions): Upload {
    const { partSize = PART_BYTES, resume, concurrency = 1 } = options;
    if (!Number.isSafeInteger(partSize) || partSize < 1) {
      throw new StoreError('InvalidArgument', `A part has 1 byte or more, not ${partSize}`, {
        operation: 'upload',
        key,
      });
    }
    const state =
      resume === undefined ? this.#begin(key, attributes, partSize) : this.#find('upload', key, resume);
    const writer = ++state.writer;
    const last = state.parts.at(-1);
    const tail = last !== undefined && last.byteLength < state.partSize ? last : undefined;
    const check = (): void => {
      if (state.end !== undefined) throw gone('upload', key, state.id);
      if (state.writer === writer) return;
      throw new StoreError('Conflict', `The upload ${state.id} of ${key} was resumed by somebody else`, {
        operation: 'upload',
        key,
      });
    };
    return new PartedUpload({
      key,
      id: state.id,
      partSize: state.partSize,
      concurrency,
      afterShort: 'replace',
      committed: committedOf(state),
      nextIndex: state.parts.length - (tail === undefined ? 0 : 1),
      tail,
      writePart: ({ index, bytes }) => {
        check();
        state.parts[index] = bytes.slice();
        wake(state);
        return Promise.resolve();
      },
      complete: (_size, _parts, { mode }) => {
        check();
        const info = this.#publish(key, concat(state.parts), state.attributes, mode);
        this.#end(state, 'complete');
        return Promise.resolve(info);
      },
      abort: () => {
        if (state.end === undefined && state.writer === writer) this.#end(state, 'aborted');
        return Promise.resolve();
      },
    });
  }

  open(key: string, id: string | undefined): UploadReader {
    const newest = [...this.#open.values()].findLast((state) => state.key === key);
    return new MemoryUploadReader(this.#find('openUpload', key, id ?? newest?.id ?? ''));
  }

  list(prefix: string): UploadListEntry[] {
    return [...this.#open.values()]
      .filter(({ key }) => key.startsWith(prefix))
      .map(({ key, id, startedAt }) => ({ key, id, startedAt }))
      .sort((a, b) => compareKeys(a.key, b.key));
  }

  clear(): void {
    for (const state of this.#open.values()) this.#end(state, 'aborted');
  }

  #begin(key: string, attributes: Attributes, partSize: number): State {
    const state: State = {
      key,
      id: `${++this.#ids}`,
      partSize,
      attributes,
      startedAt: new Date(),
      parts: [],
      writer: 0,
      end: undefined,
      wake: new Set(),
    };
    this.#open.set(state.id, state);
    return state;
  }

  #find(operation: 'upload' | 'openUpload', key: string, id: string): State {
    const state = this.#open.get(id);
    if (state?.key !== key) throw gone(operation, key, id);
    return state;
  }

  #end(state: State, end: 'complete' | 'aborted'): void {
    state.end = end;
    this.#open.delete(state.id);
    wake(state);
  }
}

class MemoryUploadReader implements UploadReader {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
    this.key = state.key;
    this.id = state.id;
    this.partSize = state.partSize;
  }

  get committed(): number {
    return committedOf(this.#state);
  }

  refresh({ signal }: CallOptions = {}): Promise<number> {
    return Promise.try(() => {
      throwIfAborted(signal, 'openUpload', this.key);
      this.#check();
      return this.committed;
    });
  }

  async *read(range?: ByteRange, { signal }: CallOptions = {}): AsyncGenerator<Uint8Array> {
    this.#check();
    const { committed } = this;
    const { start, end } = resolveCommitted(range, committed, this.key);
    yield* this.#chunks(start, end, signal);
  }

  async *follow({ start = 0, signal }: FollowOptions = {}): AsyncGenerator<Uint8Array> {
    let position = start;
    for (;;) {
      throwIfAborted(signal, 'openUpload', this.key);
      this.#check();
      const { committed } = this;
      if (position < committed) {
        yield* this.#chunks(position, committed, signal);
        position = committed;
      } else if (this.#state.end === 'complete') {
        return;
      } else {
        await this.#change(signal);
      }
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#chunks(start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const { partSize, parts } = this.#state;
    for (let position = start; position < end;) {
      throwIfAborted(signal, 'openUpload', this.key);
      const index = Math.floor(position / partSize);
      const from = position - index * partSize;
      const chunk = (parts[index] ?? new Uint8Array(0)).slice(from, from + end - position);
      position += chunk.byteLength;
      yield await Promise.resolve(chunk);
    }
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#state.wake.delete(end);
        signal?.removeEventListener('abort', end);
        if (signal?.aborted === true) reject(abortedError(signal, 'openUpload', this.key));
        else resolve();
      };
      this.#state.wake.add(end);
      signal?.addEventListener('abort', end);
    });
  }

  #check(): void {
    if (this.#state.end === 'aborted') throw gone('openUpload', this.key, this.id);
  }
}

/** Parts under way may arrive in any order: what counts is what stands without a gap. */
function committedOf({ parts, partSize }: State): number {
  let committed = 0;
  for (let index = 0; index < parts.length; index++) {
    const size = parts[index]?.byteLength ?? 0;
    committed += size;
    if (size < partSize) break;
  }
  return committed;
}

function wake(state: State): void {
  for (const listener of state.wake) listener();
}

function gone(operation: 'upload' | 'openUpload', key: string, id: string): StoreError {
  return new StoreError('NotFound', `There is no upload ${id} of ${key}: it has ended, or never was`, {
    operation,
    key,
  });
}
