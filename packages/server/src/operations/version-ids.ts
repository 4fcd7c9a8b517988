/**
 * Versions on the wire: which one a request names, how an answer names them, and what S3 answers when there is none, or
 * when it is a delete marker.
 */

import { formatHttpDate, formatVersionId, readVersionId, S3Error } from '@cistern/protocol';
import type { Query } from '@cistern/protocol';
import type { Bucket, Version, VersionChoice, VersionId } from '../catalog/catalog.ts';
import type { HeaderList } from '../http/reply.ts';

/**
 * The version that `versionId` names, as the bucket shows it; undefined: the latest.
 *
 * @throws S3Error InvalidArgument
 */
export function chosenVersion({ asOf }: Bucket, query: Query): VersionChoice | undefined {
  const version = readVersionId(query.get('versionId'));
  return version === undefined && asOf === null ? undefined : { version, asOf };
}

export function idOf({ seq, isNull }: Pick<Version, 'seq' | 'isNull'>): VersionId {
  return isNull ? 'null' : seq;
}

export function formatId(id: VersionId): string {
  return id === 'null' ? id : formatVersionId(id);
}

/** Of an answer about a version. A bucket that never had versions tells of them to who names one. */
export function versionIdHeader(
  { versioning }: Bucket,
  version: Pick<Version, 'seq' | 'isNull'>,
  choice: VersionChoice | undefined,
): HeaderList {
  if (versioning === 'never' && choice?.version === undefined) return [];
  return ['x-amz-version-id', formatId(idOf(version))];
}

/** Of an answer to a write. S3 tells of a number only: a null version, of a suspended bucket too, has no header. */
export function newVersionHeader(version: VersionId | null): HeaderList {
  return typeof version === 'number' ? ['x-amz-version-id', formatVersionId(version)] : [];
}

interface DataRequest {
  readonly key: string;
  readonly choice: VersionChoice | undefined;
  readonly method: string;
  /** Also the latest, where a read finds nothing otherwise: S3 does so when it is asked for tags. */
  readonly refusesMarkers?: boolean;
}

/**
 * Data, not a delete marker, which S3 tells of in headers: a read of the latest finds nothing then; nothing else can be
 * done to it than to delete it (https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html).
 *
 * @throws S3Error NoSuchKey, NoSuchVersion, MethodNotAllowed
 */
export function requireData(
  version: Version | undefined,
  { key, choice, method, refusesMarkers = false }: DataRequest,
): asserts version is Version {
  const named = choice?.version;
  if (version === undefined) {
    if (named === undefined) throw new S3Error('NoSuchKey', undefined, { Key: key });
    throw new S3Error('NoSuchVersion', undefined, { Key: key, VersionId: formatId(named) });
  }
  if (!version.deleteMarker) return;
  const marker = ['x-amz-delete-marker', 'true', 'x-amz-version-id', formatId(idOf(version))];
  const reads = (method === 'GET' || method === 'HEAD') && !refusesMarkers;
  if (named === undefined && reads) throw new S3Error('NoSuchKey', undefined, { Key: key }, marker);
  throw new S3Error('MethodNotAllowed', undefined, { Method: method, ResourceType: 'DeleteMarker' }, [
    ...marker,
    'Allow',
    'DELETE',
    'Last-Modified',
    formatHttpDate(version.modifiedMs),
  ]);
}
