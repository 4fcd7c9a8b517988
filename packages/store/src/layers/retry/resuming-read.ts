/**
 * An object being read whose body goes on after a break: from the byte where it stopped, and only of the same state of the
 * object. Bytes are passed on as they come, and counted.
 */

import { isStoreError, StoreError } from '../../errors.ts';
import type { GetOptions, ObjectRead, ObjectStore } from '../../object-store.ts';
import { objectRead } from '../../object-read.ts';
import { Attempts } from './attempts.ts';
import type { RetryPolicy } from './policy.ts';
import type { Watchdog } from './watchdog.ts';

interface Open {
  readonly read: ObjectRead;
  readonly watchdog: Watchdog;
}

/**
 * @param first the answer to `get`, and the time-outs that it was opened under
 * @param options those of that `get`
 */
export function resumingRead(
  store: ObjectStore,
  policy: RetryPolicy,
  first: Open,
  options: GetOptions,
): ObjectRead {
  const body = new ResumingBody(store, policy, first, options);
  return objectRead(first.read.info, first.read.range, body.chunks(), () => body.close());
}

class ResumingBody {
  readonly #store: ObjectStore;
  readonly #policy: RetryPolicy;
  readonly #options: GetOptions;
  readonly #first: ObjectRead;
  readonly #attempts: Attempts;
  #open: Open;
  #position: number;

  constructor(store: ObjectStore, policy: RetryPolicy, first: Open, options: GetOptions) {
    this.#store = store;
    this.#policy = policy;
    this.#options = options;
    this.#first = first.read;
    this.#attempts = new Attempts(policy, 'get', first.read.info.key, options.signal);
    this.#open = first;
    this.#position = first.read.range.start;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const { end } = this.#first.range;
    let chunks = this.#open.read.body[Symbol.asyncIterator]();
    try {
      for (;;) {
        let chunk: Uint8Array | undefined;
        try {
          chunk = await this.#next(chunks);
        } catch (error) {
          // These bytes are with the caller, and cannot be had back.
          if (isStoreError(error, 'Corrupt')) throw error;
          // All bytes are here: what failed was the end of the connection.
          if (this.#position === end && isTemporary(error)) return;
          await this.#attempts.again(error);
          await this.#reopen();
          chunks = this.#open.read.body[Symbol.asyncIterator]();
          continue;
        }
        if (chunk === undefined) return;
        this.#position += chunk.byteLength;
        if (this.#position > end) throw this.#error('Unexpected', 'gave more bytes than it said');
        yield chunk;
      }
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.#open.watchdog.stop();
    await this.#open.read.close();
  }

  async #next(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
    const { watchdog } = this.#open;
    watchdog.arm(this.#policy.stallTimeoutMs);
    try {
      const next = await watchdog.race(chunks.next());
      if (next.done !== true) {
        this.#attempts.progress();
        return next.value;
      }
    } finally {
      watchdog.pause();
    }
    if (this.#position < this.#first.range.end) throw this.#error('Unavailable', 'ended its body early');
    return undefined;
  }

  async #reopen(): Promise<void> {
    const broken = this.#open;
    broken.watchdog.stop();
    // Not waited for: it may be what stalled.
    broken.read.close().catch(() => undefined);
    const { info, range } = this.#first;
    const version = this.#options.version ?? (this.#store.capabilities.versions ? info.version : undefined);
    this.#open = await this.#attempts.run(async (watchdog) => {
      watchdog.arm(this.#policy.stallTimeoutMs);
      const options: GetOptions = {
        range: { start: this.#position, end: range.end },
        ifMatch: info.etag,
        version,
        signal: watchdog.signal,
      };
      const read = await watchdog
        .race(this.#store.get(info.key, options), (late) => {
          late.close().catch(() => undefined);
        })
        .catch((error: unknown) => {
          throw this.#changed(error);
        });
      watchdog.disarm();
      if (
        read.info.etag === info.etag &&
        read.range.start === this.#position &&
        read.range.end === range.end
      ) {
        return { read, watchdog };
      }
      await read.close();
      throw this.#error('Conflict', 'has another object there than the one that was being read');
    });
  }

  #changed(error: unknown): unknown {
    if (!isStoreError(error)) return error;
    if (!['PreconditionFailed', 'NotFound', 'InvalidRange'].includes(error.code)) return error;
    return this.#error('Conflict', 'has another object there than the one that was being read', error);
  }

  #error(code: 'Conflict' | 'Unavailable' | 'Unexpected', what: string, cause?: unknown): StoreError {
    const { key } = this.#first.info;
    return new StoreError(code, `${this.#store.toString()} ${what}: ${key} from byte ${this.#position} on`, {
      operation: 'get',
      key,
      cause,
    });
  }
}

function isTemporary(error: unknown): boolean {
  return isStoreError(error) && error.retry === 'temporary';
}
