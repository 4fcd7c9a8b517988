/**
 * Uploads in progress: those whose bytes can be read before they are complete, and plain parts of any S3 service, such as those of
 * a copy that was stopped.
 */

import { compareKeys, isStoreError } from '@cistern/store';
import type { CallOptions, ListUploadsOptions, Store, StoreError, UploadListEntry } from '@cistern/store';
import { partTargetOf } from '@cistern/store/transfers';
import type { PartTarget } from '@cistern/store/transfers';
import { Failure } from '../failures/failure.ts';

export interface OpenUpload extends UploadListEntry {
  /** `upload` and `openUpload` of the store take it */
  readonly isLive: boolean;
  /** takes it as an object of parts */
  readonly parts: PartTarget | undefined;
}

/**
 * In the order of their keys, those of a key from the oldest to the newest.
 *
 * @throws {StoreError} `Unsupported` when the store keeps uploads of neither kind, or does not tell
 */
export async function findUploads(store: Store, options: ListUploadsOptions): Promise<OpenUpload[]> {
  const parts = partTargetOf(store);
  const plain = parts === undefined ? undefined : await ifSupported(parts.unfinished(options));
  const live = await ifSupported(store.listUploads(options));
  if (!Array.isArray(live) && !Array.isArray(plain)) throw plain ?? live;
  const found = new Map<string, OpenUpload>();
  const idOf = ({ key, id }: UploadListEntry): string => `${id} ${key}`;
  for (const one of Array.isArray(plain) ? plain : []) found.set(idOf(one), { ...one, isLive: false, parts });
  for (const one of Array.isArray(live) ? live : []) {
    // On our own server each is both.
    found.set(idOf(one), { ...one, isLive: true, parts: found.get(idOf(one))?.parts });
  }
  const all = [...found.values()];
  return all.sort((a, b) => compareKeys(a.key, b.key) || a.startedAt.getTime() - b.startedAt.getTime());
}

/** @returns the refusal of a store that has none, or whose service cannot */
async function ifSupported(uploads: AsyncIterable<UploadListEntry>): Promise<UploadListEntry[] | StoreError> {
  try {
    return await Array.fromAsync(uploads);
  } catch (error) {
    if (isStoreError(error, 'Unsupported')) return error;
    throw error;
  }
}

/** @returns bytes, from the first on, that are stored; undefined when it has ended meanwhile */
export async function committedOf(
  store: Store,
  { key, id, isLive, parts }: OpenUpload,
  options: CallOptions,
): Promise<number | undefined> {
  try {
    if (isLive) {
      await using reader = await store.openUpload(key, id, options);
      return reader.committed;
    }
    let committed = 0;
    const there = (await parts?.list({ key, id }, options)) ?? [];
    for (const [index, { number, size }] of there.entries()) {
      if (number !== index + 1) break;
      committed += size;
    }
    return committed;
  } catch (error) {
    if (isStoreError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** One that has ended meanwhile is aborted already. @throws {Failure} when it is there still */
export async function abortUpload(
  store: Store,
  { key, id, parts }: OpenUpload,
  name: string,
  options: CallOptions,
): Promise<void> {
  try {
    if (parts === undefined) {
      await (await store.upload(key, { resume: id, ...options })).abort();
      return;
    }
    await parts.abort({ key, id });
    // Aborting parts says nothing of how it went.
    await parts.list({ key, id }, options);
  } catch (error) {
    if (isStoreError(error, 'NotFound')) return;
    throw error;
  }
  throw new Failure(`The upload ${id} of ${name} is there still`, {
    advice: 'Parts that were on their way may have kept it: try again.',
  });
}
