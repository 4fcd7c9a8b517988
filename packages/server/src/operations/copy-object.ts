/**
 * CopyObject: a new version on the source's bytes, which are not copied. Conditions on the source are judged on the
 * version that is then copied: should another one come in between, they are judged again.
 */

import {
  checkAcl,
  encodeCopyResult,
  evaluateRead,
  parseAttributes,
  parseCopy,
  parseStorageClass,
  parseTagging,
  parseWriteCondition,
  S3Error,
} from '@cistern/protocol';
import type { CopyInput } from '@cistern/protocol';
import type { Bucket, CopyRequest, Version } from '../catalog/catalog.ts';
import { CatalogError } from '../catalog/errors.ts';
import { accessBucket } from '../http/access-control.ts';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import { checksumOfVersion } from './checksum-of-version.ts';
import type { InBucket, Operation } from './context.ts';
import { encodeTags } from './put-object.ts';

/** How often the source may be replaced under our hands before the client is told to try again. */
const TRIES = 5;

export async function copyObject(context: InBucket, operation: Operation<'CopyObject'>): Promise<Reply> {
  const { services, user, headers } = context;
  const input = parseCopy(headers);
  checkAcl(headers);
  const attributes = input.replaceMetadata ? JSON.stringify(parseAttributes(headers)) : undefined;
  const tags = input.replaceTags ? encodeTags(parseTagging(headers.get('x-amz-tagging'))) : undefined;
  const storageClass = parseStorageClass(headers.get('x-amz-storage-class'));
  const condition = parseWriteCondition(headers);
  const sourceBucket = await accessBucket(
    services.catalog,
    user,
    input.sourceBucket,
    input.sourceExpectedOwner,
  );
  for (let attempt = 1; ; attempt++) {
    const source = await findSource(context, sourceBucket, input);
    refuseIdleCopy(context, operation.key, sourceBucket, input);
    const checksum = await wantedChecksum(context, sourceBucket, source, input);
    const request: CopyRequest = {
      sourceBucket: sourceBucket.id,
      sourceKey: source.key,
      sourceAsOf: sourceBucket.asOf,
      sourceSeq: source.seq,
      bucket: context.bucket.id,
      key: operation.key,
      condition,
      storageClass,
      owner: context.bucket.owner,
      attributes: attributes ?? source.attributes,
      tags: tags === undefined ? source.tags : tags,
      checksumAlgorithm: checksum?.algorithm ?? null,
      checksumValue: checksum?.value ?? null,
    };
    try {
      const { modifiedMs } = await services.catalog.copyVersion(request);
      const { etag } = source;
      const checksumAlgorithm = checksum?.algorithm ?? source.checksumAlgorithm;
      const checksumValue = checksum?.value ?? source.checksumValue;
      return xmlReply(200, encodeCopyResult({ etag, modifiedMs, checksumAlgorithm, checksumValue }));
    } catch (error) {
      if (!CatalogError.is(error) || error.code !== 'SourceChanged' || attempt === TRIES) throw error;
    }
  }
}

async function findSource({ services }: InBucket, bucket: Bucket, input: CopyInput): Promise<Version> {
  const source = await services.catalog.findVersion(bucket.id, input.sourceKey, { asOf: bucket.asOf });
  if (source === undefined) throw new S3Error('NoSuchKey', undefined, { Key: input.sourceKey });
  // S3 answers 412 for every source condition that does not hold, also where a read would be 304.
  if (evaluateRead(source, input.sourceConditions) !== 'proceed') throw new S3Error('PreconditionFailed');
  return source;
}

function refuseIdleCopy(
  { bucket, headers }: InBucket,
  key: string,
  sourceBucket: Bucket,
  input: CopyInput,
): void {
  const changes =
    input.replaceMetadata ||
    input.replaceTags ||
    headers.has('x-amz-storage-class') ||
    input.checksumAlgorithm !== undefined;
  const elsewhere = sourceBucket.id !== bucket.id || sourceBucket.asOf !== null || input.sourceKey !== key;
  if (changes || elsewhere) return;
  throw new S3Error(
    'InvalidRequest',
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's " +
      'metadata, storage class, website redirect location or encryption attributes.',
  );
}

async function wantedChecksum(
  { services }: InBucket,
  bucket: Bucket,
  source: Version,
  { checksumAlgorithm }: CopyInput,
): Promise<{ algorithm: string; value: string } | undefined> {
  if (checksumAlgorithm === undefined || checksumAlgorithm === source.checksumAlgorithm) return undefined;
  const value = await checksumOfVersion(services, bucket, source, checksumAlgorithm);
  return { algorithm: checksumAlgorithm, value };
}
