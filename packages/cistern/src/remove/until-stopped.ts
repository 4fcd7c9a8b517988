/** Ctrl-C in the middle of a stream of deletions: nothing new begins, and what is under way is waited for, so that it is counted. */

/** As `source`; ends, in place of failing, when the signal fires. */
export async function* untilStopped<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  try {
    for await (const one of source) {
      if (signal.aborted) return;
      yield one;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
