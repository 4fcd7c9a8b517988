/** Work that is begun before its result is asked for, in order and up to a number: what keeps libuv's threads busy. */

/**
 * @param jobs begun one after another as they are taken; only when the results before the last `depth` were taken
 */
export async function* ahead<T>(jobs: AsyncIterable<() => Promise<T>>, depth: number): AsyncGenerator<T> {
  const running: Promise<T>[] = [];
  for await (const job of jobs) {
    const result = job();
    // Whoever leaves early does not wait for it, and need not hear of its failure.
    result.catch(() => undefined);
    running.push(result);
    if (running.length < depth) continue;
    const [first] = running.splice(0, 1);
    if (first !== undefined) yield await first;
  }
  for (const result of running) yield await result;
}
