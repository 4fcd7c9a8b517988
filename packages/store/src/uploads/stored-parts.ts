/** Parts of an upload as objects of the store: listed, read in a row, removed. */

import { StoreError } from '../errors.ts';
import { parsePartKey, partsFrom, partsPrefix } from './part-objects.ts';
import type { PartName, PartObjects } from './part-objects.ts';

/** All parts from `index` on that are stored, whether they count or not. */
export async function listParts(
  objects: PartObjects,
  folder: string,
  index: number,
  signal?: AbortSignal,
): Promise<PartName[]> {
  const found: PartName[] = [];
  const prefix = partsPrefix(folder);
  for await (const entry of objects.list({ prefix, startAfter: partsFrom(folder, index), signal })) {
    const name = entry.type === 'object' ? parsePartKey(entry.key) : undefined;
    if (name !== undefined) found.push(name);
  }
  return found;
}

/** The bytes of spans of stored parts, one after another. `NotFound` when a part is gone. */
export async function* readSpans(
  objects: PartObjects,
  spans: Iterable<{ readonly key: string; readonly start: number; readonly end: number }>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const { key, start, end } of spans) {
    await using read = await objects.get(key, { range: { start, end }, signal });
    let position = start;
    for await (const chunk of read.body) {
      position += chunk.byteLength;
      yield chunk;
    }
    if (position !== end) {
      throw new StoreError('Corrupt', `The part ${key} has fewer bytes than its name says`, { key });
    }
  }
}

/** Removes all parts, those that do not count included. */
export async function removeParts(objects: PartObjects, folder: string, signal?: AbortSignal): Promise<void> {
  const list = objects.list({ prefix: partsPrefix(folder), signal });
  await removeAll(objects, keysOf(list), signal);
}

export async function removeAll(
  objects: PartObjects,
  keys: Iterable<string> | AsyncIterable<string>,
  signal?: AbortSignal,
): Promise<void> {
  let failed: StoreError | undefined;
  for await (const { error } of objects.delete(keys, { signal })) failed ??= error;
  if (failed !== undefined) throw failed;
}

async function* keysOf(entries: ReturnType<PartObjects['list']>): AsyncGenerator<string> {
  for await (const entry of entries) if (entry.type === 'object') yield entry.key;
}
