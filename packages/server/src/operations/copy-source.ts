/** The source of a copy, whole or in part: what must hold of it, and how the answer names its version. */

import { evaluateRead, S3Error } from '@cistern/protocol';
import type { CopyInput } from '@cistern/protocol';
import type { Bucket, Version, VersionChoice } from '../catalog/catalog.ts';
import type { HeaderList } from '../http/reply.ts';
import { formatId, idOf, requireData } from './version-ids.ts';

export function sourceChoice({ asOf }: Bucket, { sourceVersion: version }: CopyInput): VersionChoice {
  return { version, asOf };
}

/**
 * @param nowMs the time of the request
 * @throws S3Error NoSuchKey, NoSuchVersion, InvalidRequest (a delete marker that is named), PreconditionFailed
 */
export function requireSource(
  source: Version | undefined,
  bucket: Bucket,
  input: CopyInput,
  nowMs: number,
): asserts source is Version {
  if (source?.deleteMarker === true && input.sourceVersion !== undefined) {
    throw new S3Error(
      'InvalidRequest',
      'The source of a copy request may not specifically refer to a delete marker by version id.',
    );
  }
  requireData(source, { key: input.sourceKey, choice: sourceChoice(bucket, input), method: 'GET' });
  // S3 answers 412 for every source condition that does not hold, also where a read would be 304.
  if (evaluateRead(source, input.sourceConditions, nowMs) !== 'proceed')
    throw new S3Error('PreconditionFailed');
}

export function sourceVersionHeader(bucket: Bucket, source: Version, input: CopyInput): HeaderList {
  if (bucket.versioning === 'never' && input.sourceVersion === undefined) return [];
  return ['x-amz-copy-source-version-id', formatId(idOf(source))];
}
