/** Append: a PutObject with `x-amz-write-offset-bytes`. What is there stays as it is; what a new object would be told is refused. */

import { appendHeaders, parseAttributes, parseWriteCondition, S3Error } from '@cistern/protocol';
import type { ObjectAttributes } from '@cistern/protocol';
import type { Version } from '../catalog/catalog.ts';
import { CatalogError } from '../catalog/errors.ts';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import { refuseArchived } from './archived.ts';
import type { InBucket, Operation } from './context.ts';
import { checksumHeaders } from './object-headers.ts';
import { placeObject, receiveObject } from './receive-object.ts';
import { parseStoredHeaders } from './stored-headers.ts';

export async function appendObject(
  context: InBucket,
  { key }: Operation<'PutObject'>,
  offset: number,
): Promise<Reply> {
  const { services, bucket, headers } = context;
  const stored = parseStoredHeaders(headers);
  const condition = parseWriteCondition(headers);
  // It never goes back to having no versions.
  if (bucket.versioning !== 'never')
    throw new CatalogError('VersionedBucket', 'Objects of a bucket with versions are not appended to');
  const current = await services.catalog.findVersion(bucket.id, key);
  // The decision that counts is made when the bytes are published: this spares a client sending them.
  if (offset !== (current?.size ?? 0)) {
    throw new S3Error('InvalidWriteOffset', undefined, { ObjectSize: String(current?.size ?? 0) });
  }
  if (current !== undefined) {
    refuseArchived(current, services.now());
    refuseAttributes(context, current);
  }
  const placement = services.blobs.placement(current?.storageClass ?? stored.storageClass);
  const received = await receiveObject(context, placement);
  const content = await placeObject(context, received);
  const { md5, size, checksum } = received;
  const appended = await services.catalog.appendVersion({
    bucket: bucket.id,
    key,
    condition,
    content,
    offset,
    size,
    etag: md5,
    ...stored,
    owner: bucket.owner,
    checksumAlgorithm: checksum?.algorithm ?? null,
    checksumValue: checksum?.value ?? null,
  });
  const reply = emptyReply(200, ['ETag', `"${appended.etag}"`, ...appendHeaders(appended.size)]);
  // As to any PutObject: that of the bytes that came.
  if (checksum !== null) reply.headers.push(...checksumHeaders(checksum.algorithm, checksum.value));
  return reply;
}

/** Where an object is there, its attributes stay. A Content-Type, which clients send with everything, is not meant. */
function refuseAttributes({ headers }: InBucket, current: Version): void {
  const refused = (name: string): S3Error =>
    new S3Error('InvalidRequest', `An append does not change the object's attributes: leave ${name} out.`);
  const { contentType: _, metadata, ...fields } = parseAttributes(headers);
  for (const field of Object.keys(fields) as (keyof typeof fields)[]) throw refused(FIELD_HEADERS[field]);
  for (const name of Object.keys(metadata)) throw refused(`x-amz-meta-${name}`);
  if (headers.has('x-amz-tagging')) throw refused('x-amz-tagging');
  const storageClass = headers.get('x-amz-storage-class');
  if (storageClass !== undefined && storageClass !== current.storageClass)
    throw refused('x-amz-storage-class');
}

const FIELD_HEADERS: Record<keyof Omit<ObjectAttributes, 'contentType' | 'metadata'>, string> = {
  cacheControl: 'Cache-Control',
  contentDisposition: 'Content-Disposition',
  contentEncoding: 'Content-Encoding',
  contentLanguage: 'Content-Language',
  expires: 'Expires',
};
