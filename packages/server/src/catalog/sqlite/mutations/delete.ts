/** Deleting keys and versions, each on its own: one whose condition does not hold keeps none of the others. */

import { deleteConditionHolds } from '@cistern/protocol';
import type { Deletion, DeletionResult } from '../../catalog.ts';
import { requireBucket } from './context.ts';
import type { BucketRow, WriteContext } from './context.ts';
import { deleteKey, deleteVersion } from './history.ts';

export function deleteVersions(
  context: WriteContext,
  input: { bucket: number; deletions: readonly Deletion[] },
): DeletionResult[] {
  const bucket = requireBucket(context, input.bucket);
  return input.deletions.map((deletion) => deleteOne(context, bucket, deletion));
}

function deleteOne(context: WriteContext, bucket: BucketRow, deletion: Deletion): DeletionResult {
  const { key, version, condition = null } = deletion;
  if (condition !== null) {
    const found = context.reader.findVersion(bucket.id, key, { version });
    const left = (error: DeletionResult['error']): DeletionResult => ({
      version: null,
      deleteMarker: false,
      error,
    });
    if (found === undefined || (version === undefined && found.deleteMarker)) {
      // Of size and time S3 says that they hold of what is not there; there is nothing left to do.
      if (condition.ifMatch === undefined) return left(null);
      return left(version === undefined ? 'NoSuchKey' : 'NoSuchVersion');
    }
    if (!deleteConditionHolds(found, condition)) return left('PreconditionFailed');
  }
  return version === undefined
    ? deleteKey(context, bucket, key)
    : deleteVersion(context, bucket, key, version);
}
