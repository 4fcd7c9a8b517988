/**
 * CompleteMultipartUpload: the list of parts is judged on the parts as they are, and the version published if they still
 * are so then; otherwise they are looked at again. The answer to a list that has been completed already is repeated:
 * the first one may have been lost on its way.
 */

import { hash } from 'node:crypto';
import {
  checkCompletion,
  combineChecksums,
  compositeChecksum,
  encodeCompleteMultipartUpload,
  formatUploadId,
  isCombinable,
  matchesWholeChecksum,
  multipartETag,
  parseCompleteMultipartUpload,
  parseWriteCondition,
  PART_BYTES_MIN,
  PART_NUMBER_MAX,
  S3Error,
  uploadIdOf,
} from '@cistern/protocol';
import type { ChecksumAlgorithm, CompletedPart, CompleteMultipartUploadInput } from '@cistern/protocol';
import type { VersionId, WriteCondition } from '../catalog/catalog.ts';
import { CatalogError } from '../catalog/errors.ts';
import type { Part, Upload } from '../catalog/uploads.ts';
import { replyInTime } from '../http/late-reply.ts';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { checksumOfUpload, findUpload, noSuchUpload } from './multipart-upload.ts';
import { receiveDocument } from './receive-document.ts';
import { newVersionHeader } from './version-ids.ts';

/** How often parts may be replaced under our hands before the client is told to try again. */
const TRIES = 5;

/** 5 TiB */
const OBJECT_BYTES_MAX = 5 * 1024 ** 4;

export async function completeMultipartUpload(
  context: InBucket,
  operation: Operation<'CompleteMultipartUpload'>,
): Promise<Reply> {
  const { headers } = context;
  const id = uploadIdOf(operation.query);
  const condition = parseWriteCondition(headers);
  // The checksums in the headers are the object's.
  const { bytes } = await receiveDocument(context, { checksums: false });
  const completion: Completion = {
    key: operation.key,
    id,
    condition,
    input: parseCompleteMultipartUpload(bytes, headers),
  };
  return replyInTime(completeOnce(context, completion));
}

async function completeOnce(context: InBucket, completion: Completion): Promise<Reply> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await complete(context, completion);
    } catch (error) {
      const again =
        CatalogError.is(error) && (error.code === 'PartsChanged' || error.code === 'NoSuchUpload');
      if (!again || attempt === TRIES) throw error;
    }
  }
}

interface Completion {
  readonly key: string;
  readonly id: number;
  readonly condition: WriteCondition | null;
  readonly input: CompleteMultipartUploadInput;
}

async function complete(context: InBucket, { key, id, condition, input }: Completion): Promise<Reply> {
  const { services, bucket } = context;
  const { uploads } = services.catalog;
  const upload = await findUpload(context, key, id);
  const partList = digestOf(input.parts);
  if (upload?.state === 'complete' && upload.partList !== null && partList.equals(upload.partList))
    return answer(context, upload, await versionOf(context, upload));
  if (upload?.state !== 'open') throw noSuchUpload(id);
  checkCompletion(input, checksumOfUpload(upload));
  const { parts } = await uploads.listParts({ manifest: id, after: 0, limit: PART_NUMBER_MAX });
  const listed = match(input.parts, parts, id);
  if (!input.smallParts) checkPartSizes(listed);
  checkSize(input, listed);
  const made = {
    etag: multipartETag(listed.map((part) => part.etag)),
    checksumValue: wholeChecksum(input, upload, listed),
  };
  const { version } = await uploads.completeUpload({
    bucket: bucket.id,
    key,
    upload: id,
    numbers: listed.map(({ number }) => number),
    seqs: listed.map(({ seq }) => seq),
    partList,
    ...made,
    condition,
  });
  return answer(context, { ...upload, ...made }, version);
}

function digestOf(parts: readonly CompletedPart[]): Buffer {
  return hash('sha256', parts.map(({ number, etag }) => `${number} ${etag}\n`).join(''), 'buffer');
}

/** @throws S3Error InvalidPart */
function match(list: readonly CompletedPart[], parts: readonly Part[], uploadId: number): Part[] {
  const byNumber = new Map(parts.map((part) => [part.number, part]));
  return list.map(({ number, etag, checksum }) => {
    const part = byNumber.get(number);
    const known = checksum === null || part?.checksumValue === null || part?.checksumValue === checksum.value;
    if (part !== undefined && part.etag === etag && known) return part;
    throw new S3Error('InvalidPart', undefined, {
      UploadId: formatUploadId(uploadId),
      PartNumber: String(number),
      ETag: etag,
    });
  });
}

/** @throws S3Error EntityTooSmall */
function checkPartSizes(parts: readonly Part[]): void {
  const small = parts.slice(0, -1).find(({ size }) => size < PART_BYTES_MIN);
  if (small === undefined) return;
  throw new S3Error('EntityTooSmall', undefined, {
    ProposedSize: String(small.size),
    MinSizeAllowed: String(PART_BYTES_MIN),
    PartNumber: String(small.number),
    ETag: small.etag,
  });
}

/** @throws S3Error InvalidRequest, EntityTooLarge */
function checkSize({ objectSize }: CompleteMultipartUploadInput, parts: readonly Part[]): void {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (objectSize !== undefined && objectSize !== size) {
    throw new S3Error(
      'InvalidRequest',
      `The provided x-amz-mp-object-size, ${objectSize}, is not the size of the object, ${size}.`,
    );
  }
  if (size > OBJECT_BYTES_MAX) {
    throw new S3Error(
      'EntityTooLarge',
      'Your proposed upload exceeds the maximum allowed object size of 5 TiB.',
      {
        ProposedSize: String(size),
        MaxSizeAllowed: String(OBJECT_BYTES_MAX),
      },
    );
  }
}

/** @returns Base64, with `-N` when it is composite; null: none @throws S3Error BadDigest, InvalidRequest */
function wholeChecksum(
  { checksum: expected }: CompleteMultipartUploadInput,
  upload: Upload,
  parts: readonly Part[],
): string | null {
  const wanted = checksumOfUpload(upload);
  const values = parts.flatMap(({ checksumValue }) => (checksumValue === null ? [] : [checksumValue]));
  if (wanted === null || values.length < parts.length) {
    if (expected === null) return null;
    throw new S3Error(
      'InvalidRequest',
      'The upload was created without a checksum algorithm: there is nothing to compare the checksum with.',
    );
  }
  const { algorithm, type } = wanted;
  const value =
    type === 'FULL_OBJECT' && isCombinable(algorithm)
      ? combineChecksums(
          algorithm,
          parts.map(({ size }, index) => ({ value: values[index] ?? '', length: size })),
        )
      : compositeChecksum(algorithm, values);
  if (expected !== null && !matchesWholeChecksum(expected.value, value)) {
    throw new S3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
  }
  return value;
}

/** The version that an upload became, as its completion told. It may be gone by now. */
async function versionOf({ services, bucket }: InBucket, upload: Upload): Promise<VersionId | null> {
  if (bucket.versioning === 'never') return null;
  const found = await services.catalog.findVersion(bucket.id, upload.key, { version: 'null' });
  return found?.seq === upload.versionSeq ? 'null' : upload.versionSeq;
}

function answer(
  { services, bucket, headers }: InBucket,
  { key, etag, checksumAlgorithm, checksumValue }: Upload,
  version: VersionId | null,
): Reply {
  const xml = encodeCompleteMultipartUpload({
    location: services.locate(headers.get('host'), bucket.name, key),
    bucket: bucket.name,
    key,
    etag: etag ?? '',
    checksumAlgorithm: checksumAlgorithm as ChecksumAlgorithm | null,
    checksumValue,
  });
  return xmlReply(200, xml, newVersionHeader(version));
}
