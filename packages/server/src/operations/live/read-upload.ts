/**
 * `GET|HEAD key?cistern-upload=ID`: what has come of an upload so far, by range, and with `x-cistern-follow: true` what
 * comes from then on, until it has ended.
 */

import {
  attributeHeaders,
  evaluateRead,
  formatHttpDate,
  formatUploadId,
  multipartETag,
  parseFollow,
  parseReadConditions,
  rangeApplies,
  resolveFollowedRange,
  resolveRange,
  S3Error,
  uploadHeaders,
  uploadIdOf,
} from '@cistern/protocol';
import type { ObjectAttributes } from '@cistern/protocol';
import type { OpenPart, UploadCatalog, UploadName, UploadPrefix } from '../../catalog/uploads.ts';
import { emptyReply } from '../../http/reply.ts';
import type { HeaderList, Reply } from '../../http/reply.ts';
import { BrokenBody } from '../../http/send-object.ts';
import type { Piece } from '../../http/send-object.ts';
import type { InBucket, Operation } from '../context.ts';
import { refuseArchived } from '../archived.ts';
import { followUpload } from './follow-upload.ts';
import { openStretch, samePart, wholePiece } from './upload-pieces.ts';

export async function readUpload(context: InBucket, operation: Operation<'ReadUpload'>): Promise<Reply> {
  const { services, headers } = context;
  const { uploads } = services.catalog;
  const follow = parseFollow(headers);
  const { name, prefix } = await findPrefix(context, operation);
  if (prefix.version !== null) refuseArchived(prefix.version, services.now());
  const described = describe(context, prefix);
  if (described.status === 304) return emptyReply(304, described.headers);
  if (follow) return followed(context, name, described, prefix.size);
  const { start, end, partial } = resolveRange(described.range, prefix.size);
  const list = described.headers;
  if (partial) list.push('Content-Range', `bytes ${start}-${end - 1}/${prefix.size}`);
  const pieces = (): AsyncIterable<Piece> => readPrefix(uploads, name, { prefix, start, end });
  return {
    status: partial ? 206 : 200,
    headers: list,
    body: { kind: 'pieces', length: end - start, pieces },
  };
}

/** Apart from the above, so that a follower, which may be one of hundreds, does not keep the rows of all parts. */
function followed(
  { services }: InBucket,
  name: UploadName,
  { headers: list, range }: Described,
  size: number,
): Reply {
  const { uploads } = services.catalog;
  const { start, end, contentRange } = resolveFollowedRange(range, size);
  if (contentRange !== undefined) list.push('Content-Range', contentRange);
  return {
    status: contentRange === undefined ? 200 : 206,
    headers: list,
    body: {
      kind: 'pieces',
      length: null,
      pieces: (signal) => followUpload({ uploads, name, start, end, signal }),
    },
  };
}

export async function headUpload(context: InBucket, operation: Operation<'HeadUpload'>): Promise<Reply> {
  const { prefix } = await findPrefix(context, operation);
  const { status, headers, range } = describe(context, prefix);
  if (status === 304) return emptyReply(304, headers);
  const { start, end, partial } = resolveRange(range, prefix.size);
  if (partial) headers.push('Content-Range', `bytes ${start}-${end - 1}/${prefix.size}`);
  return { ...emptyReply(partial ? 206 : 200, headers), contentLength: end - start };
}

/** @throws S3Error NoSuchUpload, also for one that was aborted: its answer says so in its headers */
async function findPrefix(
  { services, bucket }: InBucket,
  { key, query }: Operation<'ReadUpload' | 'HeadUpload'>,
): Promise<{ name: UploadName; prefix: UploadPrefix }> {
  const name = { bucket: bucket.id, key, upload: uploadIdOf(query, 'cistern-upload') };
  const prefix = await services.catalog.uploads.readPrefix(name);
  const UploadId = formatUploadId(name.upload);
  if (prefix === undefined) throw new S3Error('NoSuchUpload', undefined, { UploadId });
  if (prefix.gone) {
    const { state } = prefix.upload;
    throw new S3Error(
      'NoSuchUpload',
      undefined,
      { UploadId },
      uploadHeaders({ uploadId: name.upload, size: 0, state }),
    );
  }
  return { name, prefix };
}

interface Described {
  readonly status: 200 | 304;
  readonly headers: HeaderList;
  /** That was asked for, if it is to be heeded. */
  readonly range: string | undefined;
}

function describe({ services, headers }: InBucket, { upload, parts, size }: UploadPrefix): Described {
  const etag = upload.etag ?? multipartETag(parts.map((part) => part.etag));
  const modifiedMs = upload.endedMs ?? upload.activeMs;
  const outcome = evaluateRead({ etag, modifiedMs }, parseReadConditions(headers), services.now());
  if (outcome === 'precondition-failed') throw new S3Error('PreconditionFailed');
  const list = ['ETag', `"${etag}"`, 'Last-Modified', formatHttpDate(modifiedMs)];
  list.push(...uploadHeaders({ uploadId: upload.id, size, state: upload.state }));
  // Between the two requests of a reader there may have come more, and so another ETag.
  const range = rangeApplies({ etag, modifiedMs }, headers.get('if-range'))
    ? headers.get('range')
    : undefined;
  if (outcome === 'not-modified') return { status: 304, headers: list, range };
  list.push('Accept-Ranges', 'bytes', ...attributeHeaders(JSON.parse(upload.attributes) as ObjectAttributes));
  return { status: 200, headers: list, range };
}

interface Reading {
  readonly prefix: UploadPrefix;
  readonly start: number;
  readonly end: number;
}

/** Bytes [start, end) of what there was when the answer began. */
async function* readPrefix(
  uploads: UploadCatalog,
  name: UploadName,
  { prefix, start, end }: Reading,
): AsyncGenerator<Piece> {
  if (prefix.upload.state === 'complete') {
    const whole = await uploads.openComplete(name);
    if (whole === undefined) throw new BrokenBody('its object is gone');
    yield wholePiece(whole, start, end);
    return;
  }
  let offset = 0;
  for (const part of prefix.parts) {
    const to = Math.min(end - offset, part.size);
    for (let at = Math.max(start - offset, 0); at < to;) {
      const open = await uploads.openPart(name, part.number, offset);
      if (!samePart(open?.part, part)) {
        open?.release();
        throw new BrokenBody('a part was replaced, or is gone');
      }
      const piece = openStretch(open as OpenPart, at, to);
      yield piece;
      at = piece.end;
    }
    offset += part.size;
  }
}
