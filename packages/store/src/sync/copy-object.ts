/** One object from one store into another, from one state of it, with its attributes. */

import { hasAttributes } from '../attributes.ts';
import { bytesSource, collect, replayableSource } from '../body.ts';
import type { Source } from '../body.ts';
import { isStoreError } from '../errors.ts';
import type { ListedObject, ObjectInfo, ObjectStore } from '../object-store.ts';
import type { CopyBetween } from './copy-origin.ts';

/** Objects up to this many bytes are read at once and put from memory: one request on each side. */
const SMALL_BYTES = 1024 * 1024;
/** Times that a source may change while it is read. */
const ATTEMPTS = 3;

export interface ObjectCopier {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  /** `false`: the copies have none */
  readonly attributes: boolean;
  /** on the side of the store, where both are there */
  readonly between: CopyBetween | undefined;
}

/** @returns the copy's info; `undefined` when the source is gone by now */
export async function copyObject(
  copier: ObjectCopier,
  listed: ListedObject,
  signal: AbortSignal,
): Promise<ObjectInfo | undefined> {
  for (let attempt = 1; ; attempt++) {
    const state: { changed: boolean; gone: boolean } = { changed: false, gone: false };
    try {
      return await copyState(copier, listed, state, signal);
    } catch (error) {
      if (state.gone) return undefined;
      if (!state.changed || attempt === ATTEMPTS) throw error;
    }
  }
}

async function copyState(
  { from, to, between, attributes: carries }: ObjectCopier,
  { key, size: listedSize }: ListedObject,
  state: { changed: boolean; gone: boolean },
  signal: AbortSignal,
): Promise<ObjectInfo> {
  // Told apart from what the target says: a source that moves is tried again.
  const note = (error: unknown): unknown => {
    state.gone = isStoreError(error, 'NotFound');
    state.changed = isStoreError(error, 'PreconditionFailed') || isStoreError(error, 'Conflict');
    return error;
  };
  if (between !== undefined) {
    const attributes = carries ? undefined : {};
    try {
      return await between(key, key, { attributes, signal });
    } catch (error) {
      // The source itself is asked whether it is gone: there are services that do not find every key they have.
      if (!isStoreError(error, 'NotFound')) throw note(error);
    }
  }
  const isSmall = listedSize <= SMALL_BYTES;
  const { info, source } = await read(from, key, { isSmall, signal, note });
  const attributes = carries && hasAttributes(info.attributes) ? info.attributes : undefined;
  return to.put(key, source, { attributes, signal });
}

async function read(
  from: ObjectStore,
  key: string,
  { isSmall, signal, note }: { isSmall: boolean; signal: AbortSignal; note: (error: unknown) => unknown },
): Promise<{ info: ObjectInfo; source: Source }> {
  try {
    await using opened = await from.get(key, { head: !isSmall, signal });
    const { info, body } = opened;
    if (isSmall) return { info, source: bytesSource(await collect(body)) };
    const open = async function* (start: number, end: number): AsyncGenerator<Uint8Array> {
      if (start === end) return;
      try {
        await using part = await from.get(key, { range: { start, end }, ifMatch: info.etag, signal });
        yield* part.body;
      } catch (error) {
        throw note(error);
      }
    };
    return { info, source: replayableSource(info.size, ({ start, end }) => open(start, end)) };
  } catch (error) {
    throw note(error);
  }
}
