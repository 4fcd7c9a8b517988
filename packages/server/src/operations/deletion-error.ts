/** What S3 says of a deletion whose condition did not hold, alone or in a list. */

import { S3Error } from '@cistern/protocol';
import type { DeletionResult, VersionId } from '../catalog/catalog.ts';
import { formatId } from './version-ids.ts';

export function deletionError(
  error: NonNullable<DeletionResult['error']>,
  { key, version }: { key: string; version: VersionId | undefined },
): S3Error {
  switch (error) {
    case 'PreconditionFailed':
      return new S3Error('PreconditionFailed');
    case 'NoSuchKey':
      return new S3Error('NoSuchKey', undefined, { Key: key });
    case 'NoSuchVersion':
      return new S3Error('NoSuchVersion', undefined, {
        Key: key,
        ...(version !== undefined && { VersionId: formatId(version) }),
      });
  }
}
