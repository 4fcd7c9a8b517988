/**
 * A PutObject that can be read while it comes (`x-cistern-live: true`), and going on with one whose client has vanished
 * (`PUT ?cistern-upload=ID`): the body becomes the parts of an upload, one after another, and the upload an object at the
 * body's end. Whatever of it was committed stays, can be read, and can be gone on with or aborted.
 */

import { createHash } from 'node:crypto';
import {
  formatUploadId,
  multipartETag,
  OBJECT_BYTES_MAX,
  parseLive,
  parseLiveBody,
  parseWriteCondition,
  parseWriteOffset,
  S3Error,
  uploadHeaders,
  uploadIdOf,
} from '@cistern/protocol';
import type { LiveBody, S3ErrorCode } from '@cistern/protocol';
import type { WriteCondition } from '../../catalog/catalog.ts';
import { CatalogError } from '../../catalog/errors.ts';
import type { UploadName, UploadPrefix } from '../../catalog/uploads.ts';
import { ClientGone } from '../../http/receive-body.ts';
import { emptyReply } from '../../http/reply.ts';
import type { Reply } from '../../http/reply.ts';
import type { VerifiedChecksum } from '../body-digests.ts';
import type { InBucket, Operation } from '../context.ts';
import { checksumHeaders } from '../object-headers.ts';
import { failEarly } from '../fail-early.ts';
import { parseStoredHeaders } from '../stored-headers.ts';
import { newVersionHeader } from '../version-ids.ts';
import { LiveReceiver } from './live-receiver.ts';
import type { LivePart } from './live-receiver.ts';

export async function livePut(context: InBucket, { key }: Operation<'PutObject'>): Promise<Reply> {
  const { services, bucket, user, headers } = context;
  const { uploads } = services.catalog;
  const stored = parseStoredHeaders(headers);
  const condition = parseWriteCondition(headers);
  const live = parseLiveBody(headers, context.body.payload);
  await failEarly(context, key, condition);
  const { id } = await uploads.createUpload({
    bucket: bucket.id,
    key,
    live: true,
    ...stored,
    owner: bucket.owner,
    initiator: user.name,
    checksumAlgorithm: live.checksum?.algorithm ?? null,
    checksumType: live.checksum === null ? null : 'FULL_OBJECT',
  });
  const name = { bucket: bucket.id, key, upload: id };
  const body: Body = { name, storageClass: stored.storageClass, before: [], live };
  try {
    const { parts, checksum } = await receive(context, body);
    return await complete(context, { name, condition, parts, checksum });
  } catch (error) {
    // Who is told that it failed does not go on with it. Who has vanished may, and so may who has taken it over.
    if (!(error instanceof ClientGone || isTakenOver(error)))
      await uploads.abortUpload(name).catch(() => undefined);
    throw error;
  }
}

export async function resumeUpload(
  context: InBucket,
  { key, query }: Operation<'ResumeUpload'>,
): Promise<Reply> {
  const { services, bucket, headers, body } = context;
  // Nothing but a live upload goes on this way, whether the header says so or not.
  parseLive(headers, body.payload);
  const name = { bucket: bucket.id, key, upload: uploadIdOf(query, 'cistern-upload') };
  const condition = parseWriteCondition(headers);
  const live = parseLiveBody(headers, body.payload);
  if (body.payload.kind === 'sha256') {
    throw new S3Error(
      'InvalidRequest',
      'Send signed chunks or UNSIGNED-PAYLOAD: the body is used as it comes.',
    );
  }
  const prefix = await services.catalog.uploads.readPrefix(name);
  const UploadId = formatUploadId(name.upload);
  if (prefix?.upload.state !== 'open')
    throw new S3Error('NoSuchUpload', undefined, { UploadId }, prefix === undefined ? [] : stateOf(prefix));
  const { upload, size, parts: before } = prefix;
  if (!upload.live)
    throw new S3Error('InvalidRequest', 'This is a multipart upload: send parts, or complete it.', {
      UploadId,
    });
  const offset = parseWriteOffset(headers);
  if (offset === undefined)
    throw new S3Error('InvalidRequest', 'Say with x-amz-write-offset-bytes where the body goes on.');
  if (offset !== size) throw wrongOffset(prefix);
  const { storageClass, checksumAlgorithm } = upload;
  const { parts, checksum } = await receive(context, { name, storageClass, before, live }).catch(
    async (error: unknown) => {
      // The wrong bytes are in the parts by now: nobody is to go on behind them.
      if (isBadDigest(error)) await services.catalog.uploads.abortUpload(name).catch(() => undefined);
      throw error;
    },
  );
  // Of a body that began in another request nobody knows the checksum, and the upload has one algorithm.
  const whole = offset === 0 && checksum?.algorithm === checksumAlgorithm ? checksum : null;
  return complete(context, { name, condition, parts, checksum: whole });
}

/** Tells where it goes on. */
function wrongOffset(prefix: UploadPrefix, message?: string): S3Error {
  return new S3Error('InvalidWriteOffset', message, { UploadSize: String(prefix.size) }, stateOf(prefix));
}

function stateOf({ upload, size }: UploadPrefix): string[] {
  return uploadHeaders({ uploadId: upload.id, size, state: upload.state });
}

const hasCode = (error: unknown, code: S3ErrorCode): boolean =>
  S3Error.isS3Error(error) && error.code === code;
const isTakenOver = (error: unknown): boolean => hasCode(error, 'InvalidWriteOffset');
const isBadDigest = (error: unknown): boolean => hasCode(error, 'BadDigest');

interface Body {
  readonly name: UploadName;
  readonly storageClass: string;
  /** The parts that were there when it began. */
  readonly before: readonly LivePart[];
  readonly live: LiveBody;
}

interface Received {
  readonly parts: readonly LivePart[];
  readonly checksum: VerifiedChecksum | null;
}

/** @throws S3Error InvalidWriteOffset when another client goes on with the upload */
async function receive(context: InBucket, { name, storageClass, before, live }: Body): Promise<Received> {
  const { uploads } = context.services.catalog;
  const placement = context.services.blobs.placement(storageClass);
  const first = before.length + 1;
  const bytesMax = OBJECT_BYTES_MAX - before.reduce((sum, part) => sum + part.size, 0);
  const receiver = new LiveReceiver({ context, name, placement, first, bytesMax, body: live });
  try {
    const trailers = await context.body.receive(live.length, receiver, { live: true });
    const checksum = await receiver.finish(trailers);
    const parts = [...before, ...receiver.parts];
    const prefix = await uploads.readPrefix(name);
    if (prefix?.upload.state === 'open' && prefix.parts.length > parts.length) throw takenOver(prefix);
    return { parts, checksum };
  } catch (error) {
    await receiver.discard();
    if (!(CatalogError.is(error) && error.code === 'PartsChanged')) throw error;
    const prefix = await uploads.readPrefix(name);
    throw prefix === undefined ? error : takenOver(prefix);
  }
}

function takenOver(prefix: UploadPrefix): S3Error {
  return wrongOffset(prefix, 'Another client goes on with this upload.');
}

async function complete(
  { services }: InBucket,
  { name, condition, parts, checksum }: Received & { name: UploadName; condition: WriteCondition | null },
): Promise<Reply> {
  const etag = multipartETag(parts.map((part) => part.etag));
  const list = parts.map((part) => `${part.number} ${part.etag}\n`).join('');
  const { version } = await services.catalog.uploads.completeUpload({
    ...name,
    numbers: parts.map((part) => part.number),
    seqs: parts.map((part) => part.seq),
    partList: createHash('sha256').update(list).digest(),
    etag,
    checksumValue: checksum?.value ?? null,
    condition,
  });
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const reply = emptyReply(200, ['ETag', `"${etag}"`]);
  reply.headers.push(...newVersionHeader(version));
  reply.headers.push(...uploadHeaders({ uploadId: name.upload, size, state: 'complete' }));
  if (checksum !== null) reply.headers.push(...checksumHeaders(checksum.algorithm, checksum.value));
  return reply;
}
