/**
 * UploadPartCopy: a range of a version becomes a part, by reference. Its bytes are read only when the upload has a
 * checksum that the source has not, and stored anew only where sharing them is of no use.
 */

import {
  checksumTypeOfValue,
  createChecksum,
  encodeCopyPartResult,
  parseUploadPartCopy,
  resolveCopyRange,
  uploadIdOf,
} from '@cistern/protocol';
import type { ChecksumAlgorithm, UploadPartCopyInput } from '@cistern/protocol';
import type { Placement } from '../blobs/blob-tiers.ts';
import type { Bucket, OpenVersion, Version } from '../catalog/catalog.ts';
import { extentsOf } from '../catalog/extents.ts';
import { CatalogError } from '../catalog/errors.ts';
import type { PublishedPart, Upload } from '../catalog/uploads.ts';
import { accessBucket } from '../http/access-control.ts';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import { LIMITS } from '../limits.ts';
import { refuseArchived } from './archived.ts';
import type { InBucket, Operation, Services } from './context.ts';
import { requireSource, sourceChoice, sourceVersionHeader } from './copy-source.ts';
import { checksumOfUpload, findOpenUpload } from './multipart-upload.ts';
import { readVersion } from './read-version.ts';
import { liesElsewhere } from './rewrite-version.ts';
import { storeRange } from './store-range.ts';

/** How often the source may be replaced under our hands before the client is told to try again. */
const TRIES = 5;

/**
 * A part shares up to so many pieces of any length. More have to be about as long as uploaded parts are: the pieces of
 * 10,000 parts are moved when the upload is completed, and nobody else writes meanwhile.
 */
const PIECES_MAX = 100;
const PIECE_BYTES_MIN = 4 * 1024 * 1024;

const MD5 = /^[0-9a-f]{32}$/;

export async function uploadPartCopy(
  context: InBucket,
  operation: Operation<'UploadPartCopy'>,
): Promise<Reply> {
  const { services, user, headers } = context;
  const { key, query } = operation;
  const input = parseUploadPartCopy(query, headers);
  const upload = await findOpenUpload(context, key, uploadIdOf(query));
  const { copy } = input;
  const sourceBucket = await accessBucket(
    services.catalog,
    user,
    copy.sourceBucket,
    copy.sourceExpectedOwner,
  );
  for (let attempt = 1; ; attempt++) {
    try {
      return await copyRange(context, { upload, sourceBucket, input });
    } catch (error) {
      if (!CatalogError.is(error) || error.code !== 'SourceChanged' || attempt === TRIES) throw error;
    }
  }
}

interface PartCopy {
  readonly upload: Upload;
  readonly sourceBucket: Bucket;
  readonly input: UploadPartCopyInput;
}

async function copyRange(context: InBucket, { upload, sourceBucket, input }: PartCopy): Promise<Reply> {
  const { services } = context;
  const { copy } = input;
  const choice = sourceChoice(sourceBucket, copy);
  const open = await services.catalog.openVersion(sourceBucket.id, copy.sourceKey, choice);
  try {
    const source = open?.version;
    requireSource(source, sourceBucket, copy, services.now());
    refuseArchived(source, services.now());
    const range = resolveCopyRange(input.range, source.size);
    const job: RangeCopy = { upload, sourceBucket, input, source, range };
    const part = (await storeAnew(context, open, job)) ?? (await share(context, open, job));
    const checksumAlgorithm = checksumOfUpload(upload)?.algorithm ?? null;
    const xml = encodeCopyPartResult({ ...part, checksumAlgorithm });
    return xmlReply(200, xml, sourceVersionHeader(sourceBucket, source, copy));
  } finally {
    open?.release();
  }
}

interface RangeCopy extends PartCopy {
  readonly source: Version;
  readonly range: { readonly start: number; readonly end: number };
}

type CopiedPart = PublishedPart & { readonly checksumValue: string | null };

/**
 * Where the bytes would not be where the upload's storage class has them, or lie in so many pieces that the part would
 * be a burden to all that is done with it, as those of an object that was appended to a hundred times. Undefined: they
 * are to be shared.
 */
async function storeAnew(
  { services, bucket }: InBucket,
  open: OpenVersion | undefined,
  { upload, input, range }: RangeCopy,
): Promise<CopiedPart | undefined> {
  if (open === undefined) return undefined;
  const { catalog, blobs } = services;
  if (blobs.uniform && open.version.extents <= PIECES_MAX) return undefined;
  const placement = blobs.placement(upload.storageClass);
  if (!(await isUseless(open, range, placement))) return undefined;
  const algorithm = checksumOfUpload(upload)?.algorithm;
  const stored = await storeRange(services, open, range, { scope: bucket.scope, placement, algorithm });
  const part = await catalog.uploads.publishPart({
    bucket: bucket.id,
    key: upload.key,
    upload: upload.id,
    number: input.partNumber,
    size: range.end - range.start,
    ...stored,
  });
  return { ...part, checksumValue: stored.checksumValue };
}

/** Whether the pieces of a range are of no use to a part as they are. */
async function isUseless(
  open: OpenVersion,
  { start, end }: RangeCopy['range'],
  placement: Placement,
): Promise<boolean> {
  const large = end - start > LIMITS.inlineBytesMax;
  let pieces = 0;
  for await (const extent of extentsOf(open, start, end)) {
    pieces++;
    const manySmall = pieces > PIECES_MAX && (end - start) / pieces < PIECE_BYTES_MIN;
    if (manySmall || (large && liesElsewhere(extent, placement))) return true;
  }
  return false;
}

async function share(
  { services, bucket }: InBucket,
  open: OpenVersion | undefined,
  { upload, sourceBucket, input, source, range }: RangeCopy,
): Promise<CopiedPart> {
  const { sourceKey, sourceVersion } = input.copy;
  const whole = range.end - range.start === source.size;
  const checksumValue = await checksumOf(services, open, { upload, range, whole });
  const part = await services.catalog.uploads.copyPart({
    bucket: bucket.id,
    key: upload.key,
    upload: upload.id,
    number: input.partNumber,
    sourceBucket: sourceBucket.id,
    sourceKey,
    sourceAsOf: sourceBucket.asOf,
    sourceVersion,
    sourceSeq: source.seq,
    ...range,
    etag: whole && MD5.test(source.etag) ? source.etag : null,
    checksumValue,
  });
  return { ...part, checksumValue };
}

/** That of the part in the upload's algorithm, in Base64; null when the upload has none. */
async function checksumOf(
  services: Services,
  open: OpenVersion | undefined,
  { upload, range, whole }: { upload: Upload; range: { start: number; end: number }; whole: boolean },
): Promise<string | null> {
  const { checksumAlgorithm } = upload;
  if (checksumAlgorithm === null || open === undefined) return null;
  const { version } = open;
  const known = version.checksumAlgorithm === checksumAlgorithm ? version.checksumValue : null;
  if (whole && known !== null && checksumTypeOfValue(known) === 'FULL_OBJECT') return known;
  const checksum = createChecksum(checksumAlgorithm as ChecksumAlgorithm);
  await readVersion(
    services,
    open,
    (bytes) => {
      checksum.update(bytes);
      return undefined;
    },
    range,
  );
  return checksum.digest().toString('base64');
}
