/**
 * A body on its way into a store: arms the time-outs while the store is to ask for the next chunk, and not while the caller
 * is to give it. Knows whether a stream, which can be read once, has been touched.
 */

import type { Source } from '../../body.ts';
import type { Watchdog } from './watchdog.ts';

export class WatchedBody {
  readonly #source: Source;
  #begun = false;

  constructor(source: Source) {
    this.#source = source;
  }

  /** bytes that move out of sight */
  get hiddenBytes(): number | undefined {
    return this.#source.bytes?.byteLength;
  }

  /** whether another attempt would get all of it */
  get isWhole(): boolean {
    return this.#source.replayable || !this.#begun;
  }

  /**
   * The body for one attempt.
   *
   * @param stallMs for the store to ask for the next chunk
   * @param endMs for the store to end after the last
   */
  for(watchdog: Watchdog, stallMs: number, endMs: number): Source {
    const source = this.#source;
    if (source.bytes !== undefined) return source;
    // Several ranges may be read at once: the caller is waited for as long as one of them is.
    let waiting = 0;
    const take = async (
      chunks: AsyncIterator<Uint8Array>,
    ): Promise<IteratorResult<Uint8Array, undefined>> => {
      waiting++;
      watchdog.disarm();
      let left = stallMs;
      try {
        const next = await chunks.next();
        if (next.done !== true) return next;
        left = endMs;
        return { done: true, value: undefined };
      } finally {
        if (--waiting === 0) watchdog.arm(left);
      }
    };
    return {
      ...source,
      open: (range) => ({
        [Symbol.asyncIterator]: () => {
          // Opened with the first chunk that is asked for: a stream that was not touched can go to the next attempt.
          let chunks: AsyncIterator<Uint8Array> | undefined;
          return {
            next: async () => {
              this.#begun = true;
              chunks ??= source.open(range)[Symbol.asyncIterator]();
              return take(chunks);
            },
            return: async () => {
              await chunks?.return?.();
              return { done: true, value: undefined };
            },
          };
        },
      }),
    };
  }
}
