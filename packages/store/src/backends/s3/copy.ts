/**
 * Copies inside the service: CopyObject up to 5 GiB, UploadPartCopy in parallel beyond. Where the service does not take
 * the conditions of writes on copies, a conditional copy goes through this process: a conditional put of what is read.
 */

import { encodeQueryComponent } from '@cistern/protocol/client';
import { toAttributes } from '../../attributes.ts';
import { streamSource } from '../../body.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import type { Attributes, CopyOptions, ObjectInfo } from '../../object-store.ts';
import type { S3Context } from './context.ts';
import { childText, readDocument } from './documents.ts';
import { getObject, headObject } from './get.ts';
import { runLanes } from '../../lanes.ts';
import {
  abortMultipart,
  completeMultipart,
  conditionHeaders,
  copyPart,
  createMultipart,
  isAmbiguous,
  unknownOutcome,
} from './multipart.ts';
import type { SentPart } from './multipart.ts';
import { attributeHeaders, quote, readVersion, unquote } from './object-headers.ts';
import type { HeaderPairs } from './object-headers.ts';
import { METADATA_BYTES_MAX, partSizeFor, putObject } from './put.ts';

const GIB = 1024 ** 3;
/** What CopyObject takes at most. Bytes. */
const COPY_BYTES_MAX = 5 * GIB;
/** Services copy a part in one go, without its bytes coming here: larger ones than those that are sent. Bytes. */
const COPY_PART_BYTES = GIB / 2;

export async function copyObject(
  context: S3Context,
  from: string,
  to: string,
  options: CopyOptions,
  source: S3Context = context,
): Promise<ObjectInfo> {
  const { mode, ifMatch, version, signal } = options;
  const given =
    options.attributes === undefined
      ? undefined
      : toAttributes(options.attributes, 'copy', to, METADATA_BYTES_MAX);
  // Its size decides how it is copied, and its attributes and etag are those of the copy.
  const { info } = await headObject(source, 'copy', from, { ifMatch, version, signal });
  const copy: Copy = { source, from, to, info, options, attributes: given ?? info.attributes };
  if (mode !== undefined && mode !== 'overwrite' && !context.conditions.onCopies)
    return through(context, copy);
  if (info.size > COPY_BYTES_MAX) return inParts(context, copy);
  return inOne(context, copy, given !== undefined);
}

interface Copy {
  /** the bucket that `from` is in */
  readonly source: S3Context;
  readonly from: string;
  readonly to: string;
  /** of what is copied */
  readonly info: ObjectInfo;
  readonly options: CopyOptions;
  /** of the copy */
  readonly attributes: Attributes;
}

async function inOne(context: S3Context, copy: Copy, replaces: boolean): Promise<ObjectInfo> {
  const { to, info, attributes, options } = copy;
  const { mode, signal } = options;
  const doing = { operation: 'copy', key: to, mode } as const;
  const headers: HeaderPairs = [
    ['x-amz-copy-source', sourceOf(copy)],
    ['x-amz-copy-source-if-match', quote(info.etag)],
    ...conditionHeaders(mode),
  ];
  // Onto itself with nothing changed is refused, unless its attributes are said again.
  if (replaces || (copy.from === to && copy.source === context)) {
    headers.push(['x-amz-metadata-directive', 'REPLACE'], ...attributeHeaders(attributes));
  }
  try {
    const answer = await context.client.send({ ...doing, method: 'PUT', object: to, headers, signal });
    const result = readDocument(answer, 'CopyObjectResult', doing);
    const etag = childText(result, 'ETag');
    if (etag === undefined) {
      throw new StoreError('Unexpected', `The answer to a copy to ${to} has no ETag`, doing);
    }
    const modified = childText(result, 'LastModified');
    const lastModified = modified === undefined ? new Date() : new Date(modified);
    return {
      key: to,
      size: info.size,
      etag: unquote(etag),
      lastModified,
      version: readVersion(answer.headers),
      attributes,
    };
  } catch (error) {
    throw copyFailure(error, copy);
  }
}

/** Two conditions can fail with one code: that of the source, which was there with this etag before, and the target's. */
function copyFailure(error: unknown, { from, to, options }: Copy): unknown {
  if (!isStoreError(error)) return error;
  const conditional = options.mode !== undefined && options.mode !== 'overwrite';
  if (!conditional && isStoreError(error, 'PreconditionFailed')) {
    return new StoreError('Conflict', `${from} was changed while it was copied`, {
      operation: 'copy',
      key: from,
      cause: error,
      retry: 'temporary',
    });
  }
  return conditional && isAmbiguous(error) ? unknownOutcome({ operation: 'copy', key: to }, error) : error;
}

async function inParts(context: S3Context, copy: Copy): Promise<ObjectInfo> {
  const { to, info, attributes, options } = copy;
  const { mode, signal } = options;
  const source = sourceOf(copy);
  const partSize = partSizeFor(Math.max(COPY_PART_BYTES, context.partSize), info.size);
  const upload = await createMultipart(context, 'copy', to, attributes, {
    mode,
    signal,
    withChecksums: false,
  });
  const parts: SentPart[] = [];
  const starts = Array.from({ length: Math.ceil(info.size / partSize) }, (_, index) => index * partSize);
  try {
    await runLanes(starts.entries(), context.concurrency, signal, async ([index, start], stop) => {
      const end = Math.min(info.size, start + partSize);
      parts[index] = await copyPart(
        context,
        upload,
        index + 1,
        { source, etag: info.etag, start, end },
        stop,
      );
    });
    return await completeMultipart(context, upload, parts, { mode, signal });
  } catch (error) {
    await abortMultipart(context, upload);
    throw error;
  }
}

async function through(
  context: S3Context,
  { source, from, to, info, attributes, options }: Copy,
): Promise<ObjectInfo> {
  const { mode, version, signal } = options;
  const read = await getObject(source, from, { ifMatch: info.etag, version, signal });
  return putObject(context, to, streamSource(read.body, info.size), { mode, attributes, signal });
}

function sourceOf({ source, from, options }: Copy): string {
  const named = source.client.copySource(from);
  return options.version === undefined
    ? named
    : `${named}?versionId=${encodeQueryComponent(options.version)}`;
}
