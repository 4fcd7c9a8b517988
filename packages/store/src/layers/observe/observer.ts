/** Tells hooks of calls: when they begin, and how they ended. What a hook throws stays here. */

import type { Source } from '../../body.ts';
import { isStoreError } from '../../errors.ts';
import type { StoreErrorCode, StoreOperation } from '../../errors.ts';

/** Calls of a store, and those of its uploads and their readers. */
export type ObservedOperation =
  | StoreOperation
  | 'upload.write'
  | 'upload.flush'
  | 'upload.complete'
  | 'upload.abort'
  | 'upload.detach'
  | 'openUpload.refresh'
  | 'openUpload.read'
  | 'openUpload.follow';

/** A call. The same object is given to both hooks: what belongs to it (a span) can be kept by it in a WeakMap. */
export interface ObservedCall {
  readonly operation: ObservedOperation;
  /** of `copy`: where to; none for listings and deletes */
  readonly key?: string | undefined;
  /** of `copy` */
  readonly from?: string | undefined;
}

export interface ObservedEnd {
  /** milliseconds since the call; of `get` and of listings to the end of the body or the entries, the reader's time included */
  readonly durationMs: number;
  /** of bodies, read and written, as far as they moved; each time that they moved */
  readonly bytes: number;
  /** entries of a listing, results of a delete */
  readonly items: number;
  /** results of a delete with an error */
  readonly failed: number;
  /** why it failed; what is not a StoreError comes from the caller's own body or keys */
  readonly error?: unknown;
  /** its code, or `Caller` for what comes from the caller */
  readonly errorCode?: StoreErrorCode | 'Caller' | undefined;
}

/** Both are called at once, not awaited; what they throw is dropped. */
export interface ObserveHooks {
  readonly onStart?: ((call: ObservedCall) => void) | undefined;
  /**
   * Once for each call: when it has settled; for `get` and listings when the body or the entries have ended, failed, or been
   * left or closed. For those that are never read nor closed it is not called.
   */
  readonly onEnd?: ((call: ObservedCall, end: ObservedEnd) => void) | undefined;
  /** milliseconds that only grow; `performance.now` when left out */
  readonly now?: (() => number) | undefined;
}

export class Observer {
  readonly #hooks: ObserveHooks;

  constructor(hooks: ObserveHooks) {
    this.#hooks = hooks;
  }

  begin(call: ObservedCall): Observation {
    return new Observation(this.#hooks, call);
  }

  /** A call that ends when it settles. */
  async call<T>(call: ObservedCall, act: (observation: Observation) => Promise<T>): Promise<T> {
    const observation = this.begin(call);
    try {
      const result = await act(observation);
      observation.end();
      return result;
    } catch (error) {
      observation.fail(error);
      throw error;
    }
  }

  /** Items that are a call of their own, which begins with the first that is asked for. */
  async *each<T>(
    call: ObservedCall,
    items: AsyncIterable<T>,
    count: (observation: Observation, item: T) => void,
  ): AsyncGenerator<T> {
    const observation = this.begin(call);
    try {
      yield* observation.watch(items, count);
    } finally {
      observation.end();
    }
  }
}

/** One call that is under way. */
export class Observation {
  bytes = 0;
  items = 0;
  failed = 0;
  readonly #hooks: ObserveHooks;
  readonly #call: ObservedCall;
  readonly #started: number;
  #ended = false;

  constructor(hooks: ObserveHooks, call: ObservedCall) {
    this.#hooks = hooks;
    this.#call = call;
    this.#started = this.#now();
    quietly(() => hooks.onStart?.(call));
  }

  /** The first end counts. */
  end(failure?: { readonly error: unknown }): void {
    if (this.#ended) return;
    this.#ended = true;
    const { bytes, items, failed } = this;
    const moved = { durationMs: this.#now() - this.#started, bytes, items, failed };
    const end =
      failure === undefined
        ? moved
        : {
            ...moved,
            error: failure.error,
            errorCode: isStoreError(failure.error) ? failure.error.code : ('Caller' as const),
          };
    quietly(() => this.#hooks.onEnd?.(this.#call, end));
  }

  fail(error: unknown): void {
    this.end({ error });
  }

  /** A body on its way in, counted. */
  source(source: Source): Source {
    if (source.bytes !== undefined) {
      this.bytes += source.bytes.byteLength;
      return source;
    }
    return { ...source, open: (range) => counted(this, source.open(range)) };
  }

  /** Items on their way out, counted; the call fails when they do. */
  async *watch<T>(
    items: AsyncIterable<T>,
    count: (observation: Observation, item: T) => void,
  ): AsyncGenerator<T> {
    try {
      for await (const item of items) {
        count(this, item);
        yield item;
      }
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  #now(): number {
    return this.#hooks.now?.() ?? performance.now();
  }
}

async function* counted(
  observation: Observation,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    observation.bytes += chunk.byteLength;
    yield chunk;
  }
}

/** A hook that throws, or whose promise rejects, is no reason for a call to fail. */
function quietly(call: () => unknown): void {
  try {
    const result = call();
    if (result instanceof Promise) result.catch(() => undefined);
  } catch {
    return;
  }
}
