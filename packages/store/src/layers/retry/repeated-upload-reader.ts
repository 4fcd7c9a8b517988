/**
 * Reads an upload in progress through breaks: from the byte where it stopped. A follower that had to begin again is told of
 * bytes that were replaced only from there on.
 */

import { checkRange, resolveRange } from '../../byte-range.ts';
import { StoreError } from '../../errors.ts';
import type { ByteRange, CallOptions } from '../../object-store.ts';
import type { FollowOptions, UploadReader } from '../../upload.ts';
import { Attempts } from './attempts.ts';
import type { RetryPolicy } from './policy.ts';
import { WrappedUpload } from '../wrapped-upload.ts';

export class RepeatedUploadReader extends WrappedUpload implements UploadReader {
  readonly #inner: UploadReader;
  readonly #policy: RetryPolicy;

  constructor(inner: UploadReader, policy: RetryPolicy) {
    super(inner);
    this.#inner = inner;
    this.#policy = policy;
  }

  refresh(options: CallOptions = {}): Promise<number> {
    return this.#attempts(options.signal).run(async (watchdog) => {
      watchdog.arm(this.#policy.stallTimeoutMs);
      const committed = await watchdog.race(this.#inner.refresh({ ...options, signal: watchdog.signal }));
      watchdog.stop();
      return committed;
    });
  }

  async *read(range?: ByteRange, options: CallOptions = {}): AsyncGenerator<Uint8Array> {
    if (range !== undefined) checkRange(range, this.key);
    // What has no end of its own is given the one of now, so that it is the same after a break.
    const { start, end } =
      range !== undefined && 'start' in range && range.end !== undefined
        ? { start: range.start, end: range.end }
        : resolveRange(range, await this.refresh(options), this.key);
    if (start === end) return;
    yield* this.#chunks(start, end, options.signal, (position, signal) =>
      this.#inner.read({ start: position, end }, { ...options, signal }),
    );
  }

  follow(options: FollowOptions = {}): AsyncIterable<Uint8Array> {
    return this.#chunks(options.start ?? 0, undefined, options.signal, (position, signal) =>
      this.#inner.follow({ ...options, start: position, signal }),
    );
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @param end where they end; `undefined` when nobody knows, and chunks may come at any time */
  async *#chunks(
    start: number,
    end: number | undefined,
    signal: AbortSignal | undefined,
    open: (position: number, signal: AbortSignal) => AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    const attempts = this.#attempts(signal);
    let position = start;
    for (;;) {
      const watchdog = attempts.watch();
      const chunks = open(position, watchdog.signal)[Symbol.asyncIterator]();
      let broken = false;
      try {
        for (;;) {
          if (end !== undefined) watchdog.arm(this.#policy.stallTimeoutMs);
          const next = await watchdog.race(chunks.next());
          watchdog.disarm();
          if (next.done === true) {
            if (end === undefined || position === end) return;
            throw this.#endedEarly(position);
          }
          position += next.value.byteLength;
          attempts.progress();
          yield next.value;
        }
      } catch (error) {
        broken = true;
        watchdog.stop();
        await attempts.again(error);
        if (position === end) return;
      } finally {
        watchdog.stop();
        if (!broken) await chunks.return?.();
      }
    }
  }

  #endedEarly(position: number): StoreError {
    return new StoreError('Unavailable', `The upload of ${this.key} ended early, at byte ${position}`, {
      operation: 'openUpload',
      key: this.key,
    });
  }

  #attempts(signal: AbortSignal | undefined): Attempts {
    return new Attempts(this.#policy, 'openUpload', this.key, signal);
  }
}
