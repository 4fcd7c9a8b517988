/** GetObjectTagging, PutObjectTagging, DeleteObjectTagging: of the latest version or the one that is named. */

import { encodeTagging, parseTaggingDocument } from '@cistern/protocol';
import type { Tag } from '@cistern/protocol';
import type { VersionId } from '../catalog/catalog.ts';
import { emptyReply, xmlReply } from '../http/reply.ts';
import type { HeaderList, Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { receiveDocument } from './receive-document.ts';
import { encodeTags } from './stored-headers.ts';
import { chosenVersion, formatId, requireData, versionIdHeader } from './version-ids.ts';

export async function getObjectTagging(
  { services, bucket }: InBucket,
  { key, query }: Operation<'GetObjectTagging'>,
): Promise<Reply> {
  const choice = chosenVersion(bucket, query);
  const version = await services.catalog.findVersion(bucket.id, key, choice);
  requireData(version, { key, choice, method: 'GET', refusesMarkers: true });
  const tags = version.tags === null ? [] : (JSON.parse(version.tags) as Tag[]);
  return xmlReply(200, encodeTagging(tags), versionIdHeader(bucket, version, choice));
}

export async function putObjectTagging(
  context: InBucket,
  operation: Operation<'PutObjectTagging'>,
): Promise<Reply> {
  const { bytes } = await receiveDocument(context);
  const tags = encodeTags(parseTaggingDocument(bytes, 'Object'));
  return emptyReply(200, await changeTags(context, operation, { tags, method: 'PUT' }));
}

export async function deleteObjectTagging(
  context: InBucket,
  operation: Operation<'DeleteObjectTagging'>,
): Promise<Reply> {
  return emptyReply(204, await changeTags(context, operation, { tags: null, method: 'DELETE' }));
}

/** @returns the headers that name the version */
async function changeTags(
  { services, bucket }: InBucket,
  { key, query }: Operation<'PutObjectTagging' | 'DeleteObjectTagging'>,
  { tags, method }: { tags: string | null; method: string },
): Promise<HeaderList> {
  const { catalog } = services;
  const choice = chosenVersion(bucket, query);
  requireData(await catalog.findVersion(bucket.id, key, choice), { key, choice, method });
  const request = { bucket: bucket.id, key, version: choice?.version, tags };
  const { version } = await catalog.setTags(request);
  return nameOf(version ?? choice?.version);
}

function nameOf(version: VersionId | undefined): HeaderList {
  return version === undefined ? [] : ['x-amz-version-id', formatId(version)];
}
