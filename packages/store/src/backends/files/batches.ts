/** Items as they come, several at once where several are there: a source that waits for results is not waited for. */

/** A source that fails does so after what it gave before. */
export async function* inBatches<T>(items: AsyncIterable<T>, itemsMax: number): AsyncGenerator<T[]> {
  const iterator = items[Symbol.asyncIterator]();
  let ended = false;
  const next = (): Promise<Outcome<T>> =>
    iterator.next().then(
      (result) => (result.done === true ? { type: 'end' } : { type: 'item', item: result.value }),
      (error: unknown) => ({ type: 'failed', error }),
    );
  try {
    let coming = next();
    for (;;) {
      const batch: T[] = [];
      let outcome = await coming;
      while (outcome.type === 'item') {
        batch.push(outcome.item);
        coming = next();
        if (batch.length === itemsMax) break;
        outcome = await Promise.race([coming, nothingYet()]);
      }
      ended = outcome.type === 'end' || outcome.type === 'failed';
      if (batch.length > 0) yield batch;
      if (outcome.type === 'failed') throw outcome.error;
      if (ended) return;
    }
  } finally {
    if (!ended) await iterator.return?.();
  }
}

type Outcome<T> =
  | { readonly type: 'item'; readonly item: T }
  | { readonly type: 'end' }
  | { readonly type: 'late' }
  | { readonly type: 'failed'; readonly error: unknown };

function nothingYet(): Promise<{ readonly type: 'late' }> {
  return new Promise((resolve) => setImmediate(() => resolve({ type: 'late' })));
}
