/** GetObject, and HeadObject, which is the same without the bytes. */

import {
  checkVersionId,
  evaluateRead,
  parseReadConditions,
  rangeApplies,
  resolveRange,
  S3Error,
} from '@cistern/protocol';
import type { RawHeaders, ResolvedRange } from '@cistern/protocol';
import type { OpenVersion } from '../catalog/catalog.ts';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { checksumHeaders, validatorHeaders, versionHeaders } from './object-headers.ts';

export async function getObject(
  context: InBucket,
  operation: Operation<'GetObject' | 'HeadObject'>,
): Promise<Reply> {
  const { services, bucket, headers } = context;
  const { key, query } = operation;
  checkVersionId(query.get('versionId'));
  const withChecksum = wantsChecksum(headers);
  const open = await services.catalog.openVersion(bucket.id, key);
  if (open === undefined) throw new S3Error('NoSuchKey', undefined, { Key: key });
  let reply: Reply | undefined;
  try {
    const { version } = open;
    const outcome = evaluateRead(version, parseReadConditions(headers));
    if (outcome === 'precondition-failed') throw new S3Error('PreconditionFailed');
    if (outcome === 'not-modified') return emptyReply(304, validatorHeaders(version));
    const heeded = rangeApplies(version, headers.get('if-range'));
    const range = resolveRange(heeded ? headers.get('range') : undefined, version.size);
    const list = versionHeaders(version, query);
    if (
      withChecksum &&
      !range.partial &&
      version.checksumAlgorithm !== null &&
      version.checksumValue !== null
    ) {
      list.push(...checksumHeaders(version.checksumAlgorithm, version.checksumValue));
    }
    if (range.partial) list.push('Content-Range', `bytes ${range.start}-${range.end - 1}/${version.size}`);
    const status = range.partial ? 206 : 200;
    if (operation.name === 'HeadObject') {
      return { ...emptyReply(status, list), contentLength: range.end - range.start };
    }
    reply = await bodyReply(open, { status, headers: list, range });
    return reply;
  } finally {
    if (reply?.body.kind !== 'object') open.release();
  }
}

/** An object that is inline in one piece needs no streaming: it has come with its version. */
async function bodyReply(
  open: OpenVersion,
  { status, headers, range }: { status: number; headers: string[]; range: ResolvedRange },
): Promise<Reply> {
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
