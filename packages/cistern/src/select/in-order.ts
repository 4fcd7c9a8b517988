/** Several listings as one, in their order, the next few of them begun while one is read: a listing waits for its service. */

/** Begun before their turn; each holds a page at most. */
const AHEAD = 4;

interface Begun<T> {
  readonly items: AsyncIterator<T>;
  readonly first: Promise<IteratorResult<T>>;
}

export async function* inOrder<T>(lists: AsyncIterable<AsyncIterable<T>>): AsyncGenerator<T> {
  const source = lists[Symbol.asyncIterator]();
  const begun: Begun<T>[] = [];
  let isMore = true;
  try {
    for (;;) {
      while (isMore && begun.length <= AHEAD) {
        const next = await source.next();
        if (next.done === true) isMore = false;
        else begun.push(begin(next.value));
      }
      const [one] = begun;
      if (one === undefined) return;
      for (let item = await one.first; item.done !== true; item = await one.items.next()) yield item.value;
      begun.shift();
    }
  } finally {
    await Promise.allSettled([source.return?.(), ...begun.map(({ items }) => items.return?.())]);
  }
}

function begin<T>(list: AsyncIterable<T>): Begun<T> {
  const items = list[Symbol.asyncIterator]();
  const first = items.next();
  // It may fail before its turn comes to be awaited.
  first.catch(() => undefined);
  return { items, first };
}
