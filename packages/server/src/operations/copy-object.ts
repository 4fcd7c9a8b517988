/**
 * CopyObject: a new version on the source's bytes, which are not copied but where the new storage class is kept in
 * another place or another way. Conditions on the source are judged on the version that is then copied: should another
 * one come in between, they are judged again.
 */

import {
  checkAcl,
  encodeCopyResult,
  parseAttributes,
  parseCopy,
  parseStorageClass,
  parseTagging,
  parseWriteCondition,
  S3Error,
} from '@cistern/protocol';
import type { CopyInput } from '@cistern/protocol';
import type { Bucket, CopyRequest, Published, Version } from '../catalog/catalog.ts';
import { CatalogError } from '../catalog/errors.ts';
import { accessBucket } from '../http/access-control.ts';
import { xmlReply } from '../http/reply.ts';
import type { HeaderList, Reply } from '../http/reply.ts';
import { refuseArchived } from './archived.ts';
import { checksumOfVersion } from './checksum-of-version.ts';
import type { InBucket, Operation } from './context.ts';
import { requireSource, sourceChoice, sourceVersionHeader } from './copy-source.ts';
import { encodeTags } from './stored-headers.ts';
import { isElsewhere, refuseTooLarge, rewriteVersion } from './rewrite-version.ts';
import { newVersionHeader } from './version-ids.ts';

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
    refuseArchived(source, services.now());
    refuseIdleCopy(context, operation.key, sourceBucket, input);
    const target = {
      bucket: context.bucket.id,
      key: operation.key,
      condition,
      storageClass,
      owner: context.bucket.owner,
      attributes: attributes ?? source.attributes,
      tags: tags === undefined ? source.tags : tags,
    };
    const job: CopyJob = { sourceBucket, source, input, target };
    try {
      const result = (await copyBytes(context, job)) ?? (await shareBytes(context, job));
      return xmlReply(200, encodeCopyResult(result), versionHeaders(job, result.version));
    } catch (error) {
      if (!CatalogError.is(error) || error.code !== 'SourceChanged' || attempt === TRIES) throw error;
    }
  }
}

interface CopyJob {
  readonly sourceBucket: Bucket;
  readonly source: Version;
  readonly input: CopyInput;
  readonly target: Pick<
    CopyRequest,
    'bucket' | 'key' | 'condition' | 'storageClass' | 'owner' | 'attributes' | 'tags'
  >;
}

type CopyResult = Parameters<typeof encodeCopyResult>[0] & Pick<Published, 'version'>;

function versionHeaders({ sourceBucket, source, input }: CopyJob, version: Published['version']): HeaderList {
  return [...sourceVersionHeader(sourceBucket, source, input), ...newVersionHeader(version)];
}

async function shareBytes(
  context: InBucket,
  { sourceBucket, source, input, target }: CopyJob,
): Promise<CopyResult> {
  const checksum = await wantedChecksum(context, sourceBucket, source, input);
  const { modifiedMs, version } = await context.services.catalog.copyVersion({
    ...target,
    sourceBucket: sourceBucket.id,
    sourceKey: source.key,
    sourceAsOf: sourceBucket.asOf,
    sourceVersion: input.sourceVersion,
    sourceSeq: source.seq,
    checksumAlgorithm: checksum?.algorithm ?? null,
    checksumValue: checksum?.value ?? null,
  });
  const { etag } = source;
  const checksumAlgorithm = checksum?.algorithm ?? source.checksumAlgorithm;
  const checksumValue = checksum?.value ?? source.checksumValue;
  return { etag, modifiedMs, version, checksumAlgorithm, checksumValue };
}

/** Undefined: the bytes are where the copy's storage class has them. */
async function copyBytes(
  { services, bucket }: InBucket,
  { sourceBucket, source, input, target }: CopyJob,
): Promise<CopyResult | undefined> {
  const { catalog, blobs } = services;
  if (blobs.uniform) return undefined;
  const placement = blobs.placement(target.storageClass);
  const choice = sourceChoice(sourceBucket, input);
  const open = await catalog.openVersion(sourceBucket.id, source.key, choice);
  try {
    if (open?.version.seq !== source.seq)
      throw new CatalogError('SourceChanged', 'The source was replaced meanwhile');
    if (!(await isElsewhere(services, open, placement))) return undefined;
    const { scope } = bucket;
    const made = await rewriteVersion(services, open, { scope, placement, wanted: input.checksumAlgorithm });
    const published = await catalog.publishVersion({ ...target, ...made, size: source.size });
    return { ...made, ...published };
  } finally {
    open?.release();
  }
}

async function findSource({ services }: InBucket, bucket: Bucket, input: CopyInput): Promise<Version> {
  const choice = sourceChoice(bucket, input);
  const source = await services.catalog.findVersion(bucket.id, input.sourceKey, choice);
  requireSource(source, bucket, input, services.now());
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
    input.checksumAlgorithm !== undefined ||
    // An old version becomes the current one again; where there are none, it is the same one.
    (input.sourceVersion !== undefined && bucket.versioning !== 'never');
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
  refuseTooLarge(source);
  const value = await checksumOfVersion(services, bucket, source, checksumAlgorithm);
  return { algorithm: checksumAlgorithm, value };
}
