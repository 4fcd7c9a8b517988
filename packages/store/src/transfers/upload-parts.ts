/**
 * A large object into a store that takes parts: ranges of the source are read and sent side by side, each lane in memory of its
 * own. With a journal what was sent stays when the transfer fails, and the next one compares each part that is there with the
 * source's bytes and sends the others.
 */

import { isStoreError, StoreError, throwIfAborted } from '../errors.ts';
import { runLanes } from '../lanes.ts';
import type { Attributes, ObjectInfo, PutMode } from '../object-store.ts';
import type { Origin } from './origin.ts';
import type { PartedObject, PartTarget, StoredPart } from './part-target.ts';
import { isSameSource, rememberedSource } from './remembered.ts';
import type { Remembered } from './remembered.ts';
import { isStoredPart } from './sums.ts';

export interface PartsUpload {
  readonly origin: Origin;
  /** the state that is sent */
  readonly info: ObjectInfo;
  readonly target: PartTarget;
  readonly key: string;
  readonly mode: PutMode | undefined;
  readonly attributes: Attributes | undefined;
  readonly partSize: number | undefined;
  readonly concurrency: number | undefined;
  readonly remembered: Remembered | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (bytes: number, isResumed: boolean) => void;
}

/** What an earlier run has begun, or this one. */
interface Begun {
  readonly object: PartedObject;
  /** bytes */
  readonly partSize: number;
  readonly stored: ReadonlyMap<number, StoredPart>;
}

export async function uploadParts(upload: PartsUpload): Promise<{ info: ObjectInfo; isVerified: boolean }> {
  const { target, key, mode, attributes, remembered, signal } = upload;
  const begun = (await findBegun(upload)) ?? (await begin(upload));
  let parts: readonly StoredPart[];
  try {
    parts = await sendParts(upload, begun);
    throwIfAborted(signal, 'put', key);
    const info = await target.complete(begun.object, parts, { mode, attributes, signal });
    await remembered?.remove();
    return { info, isVerified: parts.every(({ isVerified }) => isVerified === true) };
  } catch (error) {
    if (remembered?.isKept !== true || isInVain(error, upload)) {
      await target.abort(begun.object);
      await remembered?.remove();
    }
    throw endedMeanwhile(error, key);
  }
}

/** Whether another run could not go on from here either. */
function isInVain(error: unknown, { origin }: PartsUpload): boolean {
  if (origin.isChanged) return true;
  return isStoreError(error) && IN_VAIN.has(error.code);
}

const IN_VAIN: ReadonlySet<string> = new Set(['AlreadyExists', 'Conflict', 'NotFound', 'PreconditionFailed']);

/** Not to be taken for a source that is gone. */
function endedMeanwhile(error: unknown, key: string): unknown {
  if (!isStoreError(error, 'NotFound')) return error;
  return new StoreError('Conflict', `What was sent of ${key} was dropped meanwhile: send it again`, {
    operation: 'put',
    key,
    cause: error,
  });
}

async function begin(upload: PartsUpload): Promise<Begun> {
  const { target, key, mode, attributes, info, remembered, signal } = upload;
  const partSize = target.partSize(info.size, upload.partSize);
  const object = await target.begin(key, { attributes, mode, signal });
  await remembered?.write(rememberedSource(info), {
    id: object.id,
    partSize,
    attributes: JSON.stringify(attributes ?? {}),
  });
  return { object, partSize, stored: new Map() };
}

/** The upload of an earlier run, if it is of this state; one of another state is aborted. */
async function findBegun(upload: PartsUpload): Promise<Begun | undefined> {
  const { target, key, info, attributes, remembered, signal } = upload;
  const found = await remembered?.read();
  if (found === undefined) return undefined;
  const { id, partSize, attributes: given } = found.fields;
  if (typeof id !== 'string' || typeof partSize !== 'number') return undefined;
  const object: PartedObject = { key, id };
  const isSame =
    isSameSource(found.source, rememberedSource(info)) &&
    // What is in a text may be anything: only sizes that the store takes.
    partSize === target.partSize(info.size, partSize) &&
    given === JSON.stringify(attributes ?? {});
  if (isSame) {
    try {
      const parts = await target.list(object, { signal });
      return { object, partSize, stored: new Map(parts.map((part) => [part.number, part])) };
    } catch (error) {
      throwIfAborted(signal, 'put', key);
      // Ended, or a service that cannot list parts: what is out of reach for a time is no reason to begin anew.
      if (!isStoreError(error) || error.retry === 'temporary') throw error;
    }
  }
  await target.abort(object);
  return undefined;
}

/** @returns all parts, in order */
async function sendParts(upload: PartsUpload, begun: Begun): Promise<readonly StoredPart[]> {
  const { origin, info, target, key, onBytes } = upload;
  const { object, partSize, stored } = begun;
  const parts: StoredPart[] = [];
  const spare: Uint8Array[] = [];
  const count = Math.ceil(info.size / partSize);
  const concurrency = Math.min(count, upload.concurrency ?? target.concurrency);
  await runLanes(numbers(count), concurrency, upload.signal, async (number, signal) => {
    throwIfAborted(signal, 'put', key);
    const start = (number - 1) * partSize;
    // As many as there are lanes: they are used again and again.
    const memory = spare.pop() ?? Buffer.allocUnsafeSlow(Math.min(partSize, info.size));
    const bytes = memory.subarray(0, Math.min(partSize, info.size - start));
    await origin.fill(bytes, start, info.etag, signal);
    const there = stored.get(number);
    const isThere = there !== undefined && isStoredPart(there, bytes);
    let told = 0;
    // What is sent once more is no progress.
    const onSent = (position: number): void => {
      if (position <= told) return;
      onBytes(position - told, false);
      told = position;
    };
    parts[number - 1] = isThere ? there : await target.send(object, number, bytes, { onSent, signal });
    spare.push(memory);
    onBytes(bytes.byteLength - told, isThere);
  });
  return parts;
}

function* numbers(count: number): Generator<number> {
  for (let number = 1; number <= count; number++) yield number;
}
