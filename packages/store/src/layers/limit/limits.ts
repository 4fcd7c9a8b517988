/** What `limit` holds calls to: places for calls, and bytes a second for what moves, in both directions together. */

import { StoreError } from '../../errors.ts';
import type { Source } from '../../body.ts';
import { systemClock } from '../retry/clock.ts';
import type { Clock } from '../retry/clock.ts';
import { Slots } from './slots.ts';
import type { Asker, Release } from './slots.ts';
import { TokenBucket } from './token-bucket.ts';

export interface LimitOptions {
  /** calls at once; without a limit when left out */
  readonly concurrency?: number | undefined;
  /** of bodies, in both directions together; without a limit when left out */
  readonly bytesPerSecond?: number | undefined;
  /** bytes that may move at once after a quiet time; those of a second when left out */
  readonly burstBytes?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** A place that can be held and let go again and again, by several who work on one call; held once at most. */
export class Place {
  readonly #acquire: () => Promise<Release>;
  #release: Promise<Release> | undefined;
  #ended = false;

  constructor(acquire: () => Promise<Release>) {
    this.#acquire = acquire;
  }

  async hold(): Promise<void> {
    if (this.#ended) return;
    await (this.#release ??= this.#acquire());
  }

  letGo(): void {
    // One that is still waited for is given back when it comes.
    this.#release?.then(
      (release) => {
        release();
      },
      () => undefined,
    );
    this.#release = undefined;
  }

  end(): void {
    this.#ended = true;
    this.letGo();
  }
}

/** Bytes in memory move in pieces of this size, where their number a second is limited. */
const CHUNK_BYTES = 64 * 1024;

export class Limits {
  readonly #slots: Slots | undefined;
  readonly #bucket: TokenBucket | undefined;
  /** `10, 1000 B/s` */
  readonly label: string;

  /** @throws {StoreError} `InvalidArgument` */
  constructor({
    concurrency,
    bytesPerSecond,
    burstBytes = bytesPerSecond,
    clock = systemClock,
  }: LimitOptions) {
    if (concurrency !== undefined && (!Number.isSafeInteger(concurrency) || concurrency < 1)) {
      throw new StoreError('InvalidArgument', `concurrency is 1 or more, not ${concurrency}`);
    }
    for (const bytes of [bytesPerSecond, burstBytes]) {
      if (bytes === undefined || (Number.isFinite(bytes) && bytes >= 1)) continue;
      throw new StoreError('InvalidArgument', `bytesPerSecond and burstBytes are 1 or more, not ${bytes}`);
    }
    this.#slots = concurrency === undefined ? undefined : new Slots(concurrency);
    this.#bucket =
      bytesPerSecond === undefined || burstBytes === undefined
        ? undefined
        : new TokenBucket({ bytesPerSecond, burstBytes, clock });
    const rate = bytesPerSecond === undefined ? [] : [`${bytesPerSecond} B/s`];
    this.label = [...(concurrency === undefined ? [] : [`${concurrency}`]), ...rate].join(', ');
  }

  get limitsBytes(): boolean {
    return this.#bucket !== undefined;
  }

  /** Resolves when there is a place. */
  acquire(asker: Asker): Promise<Release> {
    return this.#slots?.acquire(asker) ?? Promise.resolve(() => undefined);
  }

  place(asker: Asker): Place {
    return new Place(() => this.acquire(asker));
  }

  /** Resolves when so many bytes may move. */
  async move(bytes: number, asker: Asker): Promise<void> {
    if (this.#bucket !== undefined && bytes > 0) await this.#bucket.take(bytes, asker);
  }

  /** A call that has a place until it settles. */
  async call<T>(asker: Asker, act: () => Promise<T>): Promise<T> {
    const release = await this.acquire(asker);
    try {
      return await act();
    } finally {
      release();
    }
  }

  /** A body on its way in. */
  source(source: Source, asker: Asker): Source {
    if (this.#bucket === undefined) return source;
    const { bytes } = source;
    return {
      ...source,
      // What is handed over in one piece could not be held back.
      bytes: undefined,
      open: (range) =>
        this.chunks(
          bytes === undefined
            ? source.open(range)
            : inPieces(range === undefined ? bytes : bytes.subarray(range.start, range.end)),
          asker,
        ),
    };
  }

  /** Chunks on their way, each when its bytes may move. */
  async *chunks(chunks: AsyncIterable<Uint8Array>, asker: Asker): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      await this.move(chunk.byteLength, asker);
      yield chunk;
    }
  }

  /** Items of which each next one is asked for with a place; none is held while the caller has the turn. */
  async *each<T>(items: AsyncIterable<T>, asker: Asker): AsyncGenerator<T> {
    const iterator = items[Symbol.asyncIterator]();
    let ended = false;
    try {
      for (;;) {
        const next = await this.call(asker, () => iterator.next()).catch((error: unknown) => {
          ended = true;
          throw error;
        });
        ended = next.done === true;
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      if (!ended) await iterator.return?.();
    }
  }
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES) {
    yield bytes.subarray(start, start + CHUNK_BYTES);
  }
}
