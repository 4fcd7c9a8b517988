/**
 * Objects in parts for transfers: a plain multipart upload, as every S3 service has it. ListParts tells what is there, with the
 * MD5 of each part in its ETag, and its CRC-32 where the service keeps it.
 */

import { toAttributes } from '../../attributes.ts';
import { StoreError } from '../../errors.ts';
import type { CallOptions } from '../../object-store.ts';
import type { PartedObject, PartTarget, StoredPart } from '../../transfers/part-target.ts';
import type { S3Context } from './context.ts';
import { childrenOf, childText, readDocument } from './documents.ts';
import { abortMultipart, completeMultipart, createMultipart, sendPart } from './multipart.ts';
import type { MultipartUpload, SentPart } from './multipart.ts';
import { listOpenUploads } from './native/native-requests.ts';
import { unquote } from './object-headers.ts';
import { METADATA_BYTES_MAX, OBJECT_BYTES_MAX, partSizeFor } from './put.ts';

/** S3's limit. Bytes. */
const PART_BYTES_MAX = 5 * 1024 ** 3;
/** Parts that a request lists at most. */
const PAGE = 1000;

/** @param check of a key, before anything is asked */
export function s3Parts(
  context: S3Context,
  check: (key: string, signal: AbortSignal | undefined) => void,
): PartTarget {
  const uploadOf = ({ key, id }: PartedObject): MultipartUpload => ({
    operation: 'put',
    key,
    id,
    attributes: {},
    checksums: context.checksums,
  });
  return {
    concurrency: context.concurrency,
    partSize: (size, wanted = context.partSize) => {
      if (size > OBJECT_BYTES_MAX) {
        throw new StoreError('TooLarge', `An object has at most ${OBJECT_BYTES_MAX} bytes, not ${size}`, {
          operation: 'put',
        });
      }
      return partSizeFor(Math.min(Math.max(wanted, context.partBytesMin), PART_BYTES_MAX), size);
    },
    begin: async (key, { attributes, mode, signal }) => {
      check(key, signal);
      const kept = toAttributes(attributes, 'put', key, METADATA_BYTES_MAX);
      const { id } = await createMultipart(context, 'put', key, kept, { mode, signal });
      return { key, id };
    },
    list: async (object, options) => {
      check(object.key, options.signal);
      return listParts(context, object, options);
    },
    send: async (object, number, bytes, { onSent, signal }) => {
      check(object.key, signal);
      return fromSent(await sendPart(context, uploadOf(object), number, bytes, signal, onSent));
    },
    complete: async (object, parts, { attributes, mode, signal }) => {
      const { key } = object;
      check(key, signal);
      await context.conditions.requireOfParts(mode, 'put', key, { signal });
      const kept = toAttributes(attributes, 'put', key, METADATA_BYTES_MAX);
      const upload = { ...uploadOf(object), attributes: kept };
      return completeMultipart(context, upload, parts.map(toSent), { mode, signal });
    },
    abort: (object) => abortMultipart(context, uploadOf(object)),
    unfinished: (options) => listOpenUploads(context, options),
  };
}

async function listParts(
  { client }: S3Context,
  { key, id }: PartedObject,
  { signal }: CallOptions,
): Promise<StoredPart[]> {
  const doing = { operation: 'put', key } as const;
  const parts: StoredPart[] = [];
  for (let marker = 0; ;) {
    const answer = await client.send({
      ...doing,
      method: 'GET',
      object: key,
      query: `max-parts=${PAGE}&part-number-marker=${marker}&uploadId=${encodeURIComponent(id)}`,
      signal,
    });
    const page = readDocument(answer, 'ListPartsResult', doing);
    for (const part of childrenOf(page, 'Part')) {
      const number = Number(childText(part, 'PartNumber'));
      const size = Number(childText(part, 'Size'));
      const etag = unquote(childText(part, 'ETag') ?? '');
      if (!Number.isSafeInteger(number) || !Number.isSafeInteger(size) || etag === '') continue;
      const crc32 = childText(part, 'ChecksumCRC32');
      parts.push({ ...sums(etag, crc32), number, size, isVerified: crc32 !== undefined });
    }
    const last = parts.at(-1)?.number ?? 0;
    // A service that gives no more parts than before would never come to an end.
    if (childText(page, 'IsTruncated') !== 'true' || last <= marker) return parts;
    marker = last;
  }
}

function sums(etag: string, crc32: string | undefined): Pick<StoredPart, 'tag' | 'crc32' | 'md5'> {
  return { tag: etag, crc32, md5: /^[0-9a-f]{32}$/.test(etag) ? etag : undefined };
}

function fromSent({ number, size, etag, crc32, isVerified }: SentPart): StoredPart {
  return { ...sums(etag, crc32), number, size, isVerified };
}

function toSent({ number, size, tag, crc32 }: StoredPart): SentPart {
  return { number, size, etag: tag, crc32 };
}
