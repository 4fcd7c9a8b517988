/** ListObjectVersions: the whole history of a bucket, versions and delete markers in one order. */

import { encodeListObjectVersions, formatVersionId, parseListObjectVersions } from '@cistern/protocol';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { formatId, idOf } from './version-ids.ts';

export async function listObjectVersions(
  { services, bucket }: InBucket,
  operation: Operation<'ListObjectVersions'>,
): Promise<Reply> {
  const input = parseListObjectVersions(operation.query);
  const { prefix, delimiter, keyMarker: key, versionMarker: version, maxKeys: limit } = input;
  const after = version === undefined ? { key } : { key, version };
  const page = await services.catalog.listVersions({ bucket: bucket.id, prefix, delimiter, after, limit });
  const { entries, commonPrefixes, truncated, last } = page;
  const xml = encodeListObjectVersions(input, {
    bucket: bucket.name,
    owner: bucket.owner,
    versions: entries,
    versionId: (entry) => formatId(idOf(entry)),
    commonPrefixes,
    truncated,
    // By its number also when it is the null version: its place is found when it is gone by then.
    last: {
      key: last.key,
      versionId: typeof last.version === 'number' ? formatVersionId(last.version) : last.version,
    },
  });
  return xmlReply(200, xml);
}
