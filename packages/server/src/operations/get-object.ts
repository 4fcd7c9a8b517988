/** GetObject, and HeadObject, which answers the same without the bytes, and without reading them. */

import {
  checksumTypeOfValue,
  evaluateRead,
  parseReadConditions,
  rangeApplies,
  resolveRange,
  S3Error,
} from '@cistern/protocol';
import type { Query, RawHeaders, ResolvedRange } from '@cistern/protocol';
import type { OpenVersion, Version, VersionChoice } from '../catalog/catalog.ts';
import { emptyReply } from '../http/reply.ts';
import type { HeaderList, Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { refuseArchived, restoreHeaders } from './archived.ts';
import { checksumHeaders, notModifiedHeaders, versionHeaders } from './object-headers.ts';
import { choosePart, requestedPart } from './part-number.ts';
import type { ChosenPart } from './part-number.ts';
import { chosenVersion, requireData, versionIdHeader } from './version-ids.ts';

const NO_RANGE: ResolvedRange = { start: 0, end: 0, partial: false };

export async function getObject(context: InBucket, operation: Operation<'GetObject'>): Promise<Reply> {
  const { services, bucket } = context;
  const { key, query } = operation;
  const choice = chosenVersion(bucket, query);
  const number = requestedPart(context, query);
  const open = await services.catalog.openVersion(bucket.id, key, choice);
  let reply: Reply | undefined;
  try {
    requireData(open?.version, { key, choice, method: 'GET' });
    refuseArchived(open.version, services.now());
    const part = number === undefined ? undefined : await choosePart(context, open.version, number);
    const described = describe(context, open.version, { query, choice, part });
    if (described.status === 304) return emptyReply(304, described.headers);
    reply = bodyReply(open, described);
    return reply;
  } finally {
    if (reply?.body.kind !== 'object') open?.release();
  }
}

export async function headObject(context: InBucket, operation: Operation<'HeadObject'>): Promise<Reply> {
  const { services, bucket } = context;
  const { key, query } = operation;
  const choice = chosenVersion(bucket, query);
  const number = requestedPart(context, query);
  if (number !== undefined) return headPart(context, operation, number);
  const version = await services.catalog.findVersion(bucket.id, key, choice);
  requireData(version, { key, choice, method: 'HEAD' });
  return withoutBody(describe(context, version, { query, choice }));
}

/** The version is open while its part is looked up. */
async function headPart(
  context: InBucket,
  { key, query }: Operation<'HeadObject'>,
  number: number,
): Promise<Reply> {
  const { services, bucket } = context;
  const choice = chosenVersion(bucket, query);
  const open = await services.catalog.openVersion(bucket.id, key, choice);
  try {
    requireData(open?.version, { key, choice, method: 'HEAD' });
    const part = await choosePart(context, open.version, number);
    return withoutBody(describe(context, open.version, { query, choice, part }));
  } finally {
    open?.release();
  }
}

function withoutBody({ status, headers, range }: Described): Reply {
  if (status === 304) return emptyReply(304, headers);
  return { ...emptyReply(status, headers), contentLength: range.end - range.start };
}

interface Described {
  readonly status: 200 | 206 | 304;
  readonly headers: HeaderList;
  readonly range: ResolvedRange;
}

interface Asked {
  readonly query: Query;
  readonly choice: VersionChoice | undefined;
  /** Undefined: the object, or a range of it. */
  readonly part?: ChosenPart | undefined;
}

/** Everything that is answered but the bytes: conditions and range decided, headers made. */
function describe(
  { services, headers, bucket }: InBucket,
  version: Version,
  { query, choice, part }: Asked,
): Described {
  const withChecksum = wantsChecksum(headers);
  const outcome = evaluateRead(version, parseReadConditions(headers), services.now());
  if (outcome === 'precondition-failed') throw new S3Error('PreconditionFailed');
  if (outcome === 'not-modified')
    return { status: 304, headers: notModifiedHeaders(version, query), range: NO_RANGE };
  const heeded = rangeApplies(version, headers.get('if-range'));
  const range = part?.range ?? resolveRange(heeded ? headers.get('range') : undefined, version.size);
  const list = versionHeaders(version, query);
  list.push(...restoreHeaders(version, services.now()));
  list.push(...versionIdHeader(bucket, version, choice));
  if (part !== undefined) list.push(...part.headers);
  const { checksumAlgorithm } = version;
  const checksumValue = checksumToTell(version, range, part);
  if (withChecksum && checksumAlgorithm !== null && checksumValue !== null) {
    const type = checksumTypeOfValue(version.checksumValue ?? checksumValue);
    list.push(...checksumHeaders(checksumAlgorithm, checksumValue, type));
  }
  if (range.partial && range.end > range.start)
    list.push('Content-Range', `bytes ${range.start}-${range.end - 1}/${version.size}`);
  return { status: range.partial ? 206 : 200, headers: list, range };
}

/** Of the bytes that are sent: the object's, or those of one of its parts. */
function checksumToTell(version: Version, range: ResolvedRange, part: ChosenPart | undefined): string | null {
  if (part !== undefined) return part.checksumValue;
  return range.partial ? null : version.checksumValue;
}

/** An object that has come with its version needs no streaming. */
function bodyReply(open: OpenVersion, { status, headers, range }: Described): Reply {
  const { start, end } = range;
  if (start === end) return emptyReply(status, headers);
  const { held } = open;
  if (held === null) return { status, headers, body: { kind: 'object', open, start, end } };
  const bytes = Buffer.from(held.buffer, held.byteOffset + start, end - start);
  return { status, headers, body: { kind: 'bytes', bytes } };
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
