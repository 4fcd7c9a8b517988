/**
 * Every change of the catalog, decided and made inside the writer's transaction, one after another. Each mutation runs
 * in a savepoint of its own: what it throws undoes it and nothing else. Synchronous; no I/O but SQLite's.
 */

import type { Mutation, MutationResult } from '../mutation.ts';
import { reserveBlob } from './blobs.ts';
import { createBucket, deleteBucket, setVersioning } from './buckets.ts';
import type { WAIT, WriteContext } from './context.ts';
import { deleteVersions } from './delete.ts';
import { abandonFork, beginFork, copyForkSlice, finishFork } from './forks.ts';
import { copyVersion, publishVersion } from './publish.ts';
import { createSnapshot, deleteSnapshot } from './snapshots.ts';

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
    case 'createBucket':
      return createBucket(context, mutation.input);
    case 'deleteBucket':
      return deleteBucket(context, mutation.input);
    case 'setVersioning':
      return setVersioning(context, mutation.input);
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
    case 'abandonFork':
      return abandonFork(context, mutation.input);
  }
}
