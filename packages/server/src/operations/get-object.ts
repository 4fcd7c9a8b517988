/** GetObject, and HeadObject, which answers the same without the bytes, and without reading them. */

import { evaluateRead, parseReadConditions, rangeApplies, resolveRange, S3Error } from '@cistern/protocol';
import type { Query, RawHeaders, ResolvedRange } from '@cistern/protocol';
import type { OpenVersion, Version, VersionChoice } from '../catalog/catalog.ts';
import { emptyReply } from '../http/reply.ts';
import type { HeaderList, Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { refuseArchived, restoreHeaders } from './archived.ts';
import { checksumHeaders, notModifiedHeaders, versionHeaders } from './object-headers.ts';
import { chosenVersion, requireData, versionIdHeader } from './version-ids.ts';

const NO_RANGE: ResolvedRange = { start: 0, end: 0, partial: false };

export async function getObject(context: InBucket, operation: Operation<'GetObject'>): Promise<Reply> {
  const { services, bucket } = context;
  const { key, query } = operation;
  const choice = chosenVersion(bucket, query);
  const open = await services.catalog.openVersion(bucket.id, key, choice);
  let reply: Reply | undefined;
  try {
    requireData(open?.version, { key, choice, method: 'GET' });
    refuseArchived(open.version, services.now());
    const described = describe(context, open.version, { query, choice });
    if (described.status === 304) return emptyReply(304, described.headers);
    reply = await bodyReply(open, described);
    return reply;
  } finally {
    if (reply?.body.kind !== 'object') open?.release();
  }
}

export async function headObject(context: InBucket, operation: Operation<'HeadObject'>): Promise<Reply> {
  const { services, bucket } = context;
  const { key, query } = operation;
  const choice = chosenVersion(bucket, query);
  const version = await services.catalog.findVersion(bucket.id, key, choice);
  requireData(version, { key, choice, method: 'HEAD' });
  const { status, headers, range } = describe(context, version, { query, choice });
  if (status === 304) return emptyReply(304, headers);
  return { ...emptyReply(status, headers), contentLength: range.end - range.start };
}

interface Described {
  readonly status: 200 | 206 | 304;
  readonly headers: HeaderList;
  readonly range: ResolvedRange;
}

/** Everything that is answered but the bytes: conditions and range decided, headers made. */
function describe(
  { services, headers, bucket }: InBucket,
  version: Version,
  { query, choice }: { query: Query; choice: VersionChoice | undefined },
): Described {
  const withChecksum = wantsChecksum(headers);
  const outcome = evaluateRead(version, parseReadConditions(headers));
  if (outcome === 'precondition-failed') throw new S3Error('PreconditionFailed');
  if (outcome === 'not-modified')
    return { status: 304, headers: notModifiedHeaders(version, query), range: NO_RANGE };
  const heeded = rangeApplies(version, headers.get('if-range'));
  const range = resolveRange(heeded ? headers.get('range') : undefined, version.size);
  const list = versionHeaders(version, query);
  list.push(...restoreHeaders(version, services.now()));
  list.push(...versionIdHeader(bucket, version, choice));
  const { checksumAlgorithm, checksumValue } = version;
  if (withChecksum && !range.partial && checksumAlgorithm !== null && checksumValue !== null) {
    list.push(...checksumHeaders(checksumAlgorithm, checksumValue));
  }
  if (range.partial) list.push('Content-Range', `bytes ${range.start}-${range.end - 1}/${version.size}`);
  return { status: range.partial ? 206 : 200, headers: list, range };
}

/** An object that is inline in one piece needs no streaming: it has come with its version. */
async function bodyReply(open: OpenVersion, { status, headers, range }: Described): Promise<Reply> {
  const { start, end } = range;
  if (open.version.extents <= 1) {
    const [extent] = await open.extents(start, end);
    if (extent === undefined) return emptyReply(status, headers);
    if (extent.data !== null) {
      const { buffer, byteOffset } = extent.data;
      const bytes = Buffer.from(buffer, byteOffset + extent.offset + start, end - start);
      return { status, headers, body: { kind: 'bytes', bytes } };
    }
  }
  return { status, headers, body: { kind: 'object', open, start, end } };
}

function wantsChecksum(headers: RawHeaders): boolean {
  const mode = headers.get('x-amz-checksum-mode');
  if (mode === undefined) return false;
  if (mode.toUpperCase() === 'ENABLED') return true;
  throw new S3Error('InvalidArgument', 'x-amz-checksum-mode can only be ENABLED.', {
    ArgumentName: 'x-amz-checksum-mode',
    ArgumentValue: mode,
  });
}
