/** Several things looked at at once, and told in their order. */

/**
 * @param act never rejects; what it gives at once costs no turn of the loop
 * @param concurrency results that are waited for at the same time
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  concurrency: number,
  act: (item: T) => R | Promise<R>,
): AsyncGenerator<R> {
  const queue: (R | Promise<R>)[] = [];
  for await (const item of items) {
    const result = act(item);
    if (queue.length === 0 && !(result instanceof Promise)) {
      yield result;
      continue;
    }
    queue.push(result);
    if (queue.length >= concurrency) yield await (queue.shift() as R | Promise<R>);
  }
  for (const result of queue) yield await result;
}
