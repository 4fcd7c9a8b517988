/** Moves one object: copies it, makes sure of the copy, and only then deletes the source, if it is still what was copied. */

import type { ListedObject } from '@cistern/store';
import { sameBytes } from '@cistern/store/sync';
import { Failure } from '../failures/failure.ts';
import { address } from '../places/address.ts';
import type { Item } from '../terminal/progress.ts';
import { copyJob } from './copier.ts';
import type { Copied, CopySettings } from './copier.ts';
import { jobNames } from './job.ts';
import type { Job } from './job.ts';

/** What S3 calls an object that was put in one piece. */
const MD5 = /^[0-9a-f]{32}$/;

/** @throws {Failure} when the source changed meanwhile; as `copyJob` */
export async function moveJob(
  job: Job,
  settings: CopySettings,
  item: Item,
  signal: AbortSignal,
): Promise<Copied> {
  const { from, source } = job;
  const done = await copyJob(job, settings, item, signal);
  if (settings.dryRun) return { action: 'copied' };
  const now = await from.store.head(source.key, { signal });
  const isChanged =
    now.size !== source.size ||
    now.etag !== (source.etag ?? now.etag) ||
    (done.info !== undefined && done.info.size !== now.size);
  if (isChanged) {
    throw new Failure(`${jobNames(job).source} changed while it was moved, and was left where it is`, {
      advice: 'The same command moves it again, with --overwrite.',
    });
  }
  await from.store.delete(source.key, { signal });
  // What was there already, byte by byte, is moved, too.
  return { ...done, action: 'copied' };
}

/** By checksums that both keep, else by all of the bytes: what is deleted for it must be there. */
export async function holdsSame(job: Job, target: ListedObject, signal: AbortSignal): Promise<boolean> {
  const { from, source, to, key } = job;
  if (source.size !== target.size) return false;
  if (mayBeOne(job, target)) {
    const { source: name, target: other } = jobNames(job);
    throw new Failure(`${name} and ${other} seem to be one object, and nothing was done`, {
      advice: 'They have one name, etag and time: two names of one place, or a link?',
    });
  }
  if (source.etag !== undefined && source.etag === target.etag && MD5.test(source.etag)) return true;
  await using left = await from.store.get(source.key, { signal });
  await using right = await to.store.get(key, { signal });
  return await sameBytes(left.body, right.body);
}

/** One place can have two names: a remote's, a link's, and its own. Deleting the source would delete the target. */
function mayBeOne({ from, source, to, key }: Job, target: ListedObject): boolean {
  if (from.place.kind === 'local' && to.place.kind === 'local') {
    return address(from, source.key) === address(to, key);
  }
  return (
    source.key === key &&
    from.place.kind === to.place.kind &&
    from.place.bucket === to.place.bucket &&
    source.etag === target.etag &&
    source.lastModified.getTime() === target.lastModified.getTime()
  );
}
