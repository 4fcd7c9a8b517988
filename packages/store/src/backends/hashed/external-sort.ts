/** Sorts more than memory should hold: runs that fit are sorted and written to temporary files, which are merged. */

import type { FileHandle } from 'node:fs/promises';
import type { FileSystem } from '../files/file-system.ts';

export interface SortOptions<T> {
  readonly compare: (a: T, b: T) => number;
  /** items in memory */
  readonly runItemsMax: number;
  readonly fs: FileSystem;
  /** of a temporary file */
  readonly newPath: () => string;
}

interface Run<T> {
  readonly rest: AsyncIterator<T>;
  head: T;
}

/** @param items that survive JSON */
export async function* sortExternally<T>(
  items: AsyncIterable<T>,
  options: SortOptions<T>,
): AsyncGenerator<T> {
  const { compare, runItemsMax, fs } = options;
  const spilled: { path: string; handle: FileHandle }[] = [];
  try {
    let run: T[] = [];
    for await (const item of items) {
      run.push(item);
      if (run.length < runItemsMax) continue;
      const path = options.newPath();
      const handle = await fs.open(path, 'wx+');
      spilled.push({ path, handle });
      await handle.writeFile(lines(run.sort(compare)));
      run = [];
    }
    run.sort(compare);
    if (spilled.length === 0) yield* run;
    else yield* merge([...spilled.map(({ handle }) => readLines<T>(handle)), each(run)], compare);
  } finally {
    for (const { path, handle } of spilled) {
      await handle.close();
      await fs.rm(path, { force: true });
    }
  }
}

function* lines(items: readonly unknown[]): Generator<string> {
  for (const item of items) yield `${JSON.stringify(item)}\n`;
}

async function* readLines<T>(handle: FileHandle): AsyncGenerator<T> {
  for await (const line of handle.readLines({ start: 0, autoClose: false })) yield JSON.parse(line) as T;
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function* merge<T>(
  sources: readonly AsyncIterable<T>[],
  compare: (a: T, b: T) => number,
): AsyncGenerator<T> {
  // By their heads, the smallest last.
  const runs: Run<T>[] = [];
  const insert = async (run: { readonly rest: AsyncIterator<T>; head?: T }): Promise<void> => {
    const next = await run.rest.next();
    if (next.done === true) return;
    const { value } = next;
    let low = 0;
    let high = runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare((runs[middle] as Run<T>).head, value) > 0) low = middle + 1;
      else high = middle;
    }
    runs.splice(low, 0, { rest: run.rest, head: value });
  };
  for (const source of sources) await insert({ rest: source[Symbol.asyncIterator]() });
  for (let run = runs.pop(); run !== undefined; run = runs.pop()) {
    yield run.head;
    await insert(run);
  }
}
