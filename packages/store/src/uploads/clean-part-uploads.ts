/** The cleaner of uploads made of part objects: knows their states, and the parts that stand without one. */

import type { CallOptions } from '../object-store.ts';
import type { CleanedUpload } from './clean-uploads.ts';
import { eachUpload } from './each-upload.ts';
import type { FoundUpload } from './each-upload.ts';
import { PARTS_PREFIX, partsPrefix, STATES_PREFIX, statesPrefix } from './part-objects.ts';
import type { PartObjects } from './part-objects.ts';
import { removeAll, removeParts } from './stored-parts.ts';
import { UploadLog } from './upload-log.ts';
import { isEnded } from './upload-state.ts';

/**
 * What is older than `olderThanMs` is forgotten altogether, the marks that shut out late writers included: none sleeps
 * so long.
 */
export async function cleanPartUploads(
  objects: PartObjects,
  { olderThanMs, dryRun, signal }: CallOptions & { readonly olderThanMs: number; readonly dryRun: boolean },
): Promise<CleanedUpload[]> {
  const until = Date.now() - olderThanMs;
  const removed: CleanedUpload[] = [];
  for await (const found of eachUpload(objects, STATES_PREFIX, signal)) {
    const { state, id, folder } = found;
    const wasEnded = isEnded(state);
    if (found.changedAt.getTime() > until) continue;
    if (!wasEnded && (await newestPart(objects, folder, signal)) > until) continue;
    if (!dryRun) {
      if (!wasEnded && !(await abort(objects, found, signal))) continue;
      await removeParts(objects, folder, signal);
      await removeStates(objects, folder, signal);
    }
    removed.push({ key: state.key, id, reason: wasEnded ? 'leftover' : 'abandoned' });
  }
  // Parts that came in after all that was known of their upload had been removed.
  for await (const entry of objects.list({ prefix: PARTS_PREFIX, delimiter: '/', signal })) {
    if (entry.type !== 'prefix') continue;
    const folder = entry.prefix.slice(PARTS_PREFIX.length, -1);
    if (await hasState(objects, folder, signal)) continue;
    if ((await newestPart(objects, folder, signal)) > until) continue;
    if (!dryRun) await removeParts(objects, folder, signal);
    removed.push({ key: undefined, id: folder.slice(folder.indexOf('-') + 1), reason: 'leftover' });
  }
  return removed;
}

/** @returns whether it is aborted now; not so when somebody has gone on with it meanwhile */
async function abort(objects: PartObjects, found: FoundUpload, signal?: AbortSignal): Promise<boolean> {
  const { folder, id, number, state } = found;
  const log = await UploadLog.open(objects, folder, id, { operation: 'upload', key: state.key, signal });
  const now = await log.advance(
    (newest, next) => (next === number + 1 ? { ...newest, phase: 'aborted' } : undefined),
    signal,
  );
  return now.phase === 'aborted';
}

/** @returns milliseconds since 1970, 0 without parts */
async function newestPart(objects: PartObjects, folder: string, signal?: AbortSignal): Promise<number> {
  let newest = 0;
  for await (const entry of objects.list({ prefix: partsPrefix(folder), signal })) {
    if (entry.type === 'object') newest = Math.max(newest, entry.lastModified.getTime());
  }
  return newest;
}

async function hasState(objects: PartObjects, folder: string, signal?: AbortSignal): Promise<boolean> {
  for await (const _ of objects.list({ prefix: statesPrefix(folder), signal })) return true;
  return false;
}

/** The newest last: as long as any is left, the upload is seen to have ended. */
async function removeStates(objects: PartObjects, folder: string, signal?: AbortSignal): Promise<void> {
  const keys: string[] = [];
  for await (const entry of objects.list({ prefix: statesPrefix(folder), signal })) {
    if (entry.type === 'object') keys.push(entry.key);
  }
  const last = keys.pop();
  await removeAll(objects, keys, signal);
  if (last !== undefined) await removeAll(objects, [last], signal);
}
