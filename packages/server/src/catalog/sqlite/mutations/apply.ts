/**
 * Every change of the catalog, decided and made inside the writer's transaction, one after another. What a mutation
 * throws undoes it and nothing else: the queue sees to that. Synchronous; no I/O but SQLite's.
 */

import type { Mutation, MutationResult } from '../mutation.ts';
import { appendVersion } from './append.ts';
import { reserveBlob } from './blobs.ts';
import { createBucket, deleteBucket, setBucketTags, setVersioning } from './buckets.ts';
import type { WAIT, WriteContext } from './context.ts';
import { deleteVersions } from './delete.ts';
import { abandonFork, beginFork, copyForkSlice, finishFork } from './forks.ts';
import { copyVersion, publishVersion } from './publish.ts';
import { renameVersion } from './rename.ts';
import { restoreVersion } from './restore.ts';
import { noteScrub } from './scrub.ts';
import { setTags } from './tags.ts';
import { abortUpload } from './uploads/abort-upload.ts';
import { completeUpload } from './uploads/complete-upload.ts';
import { createUpload } from './uploads/create-upload.ts';
import { copyPart, publishPart } from './uploads/parts.ts';
import { createSnapshot, deleteSnapshot } from './snapshots.ts';

/**
 * Whether it changes the database and nothing in memory, and no row of a bucket, and seldom fails: then it may be undone
 * and made again with others that are like it.
 */
export function isPlain({ name, input }: Mutation): boolean {
  if (name === 'publishVersion') return input.condition === null && input.content.kind !== 'blob';
  return name === 'deleteVersions';
}

export function applyMutation(context: WriteContext, mutation: Mutation): MutationResult | typeof WAIT {
  switch (mutation.name) {
    case 'publishVersion':
      return publishVersion(context, mutation.input);
    case 'deleteVersions':
      return deleteVersions(context, mutation.input);
    case 'reserveBlob':
      return reserveBlob(context, mutation.input);
    case 'releaseBlob':
      context.pins.drop(mutation.input.blob);
      return undefined;
    case 'copyVersion':
      return copyVersion(context, mutation.input);
    case 'restoreVersion':
      return restoreVersion(context, mutation.input);
    case 'createBucket':
      return createBucket(context, mutation.input);
    case 'deleteBucket':
      return deleteBucket(context, mutation.input);
    case 'appendVersion':
      return appendVersion(context, mutation.input);
    case 'renameVersion':
      return renameVersion(context, mutation.input);
    case 'setTags':
      return setTags(context, mutation.input);
    case 'setBucketTags':
      return setBucketTags(context, mutation.input);
    case 'setVersioning':
      return setVersioning(context, mutation.input);
    case 'createUpload':
      return createUpload(context, mutation.input);
    case 'publishPart':
      return publishPart(context, mutation.input);
    case 'copyPart':
      return copyPart(context, mutation.input);
    case 'completeUpload':
      return completeUpload(context, mutation.input);
    case 'abortUpload':
      return abortUpload(context, mutation.input);
    case 'createSnapshot':
      return createSnapshot(context, mutation.input);
    case 'deleteSnapshot':
      return deleteSnapshot(context, mutation.input);
    case 'beginFork':
      return beginFork(context, mutation.input);
    case 'copyForkSlice':
      return copyForkSlice(context, mutation.input);
    case 'finishFork':
      return finishFork(context, mutation.input);
    case 'noteScrub':
      return noteScrub(context, mutation.input);
    case 'abandonFork':
      return abandonFork(context, mutation.input);
  }
}
