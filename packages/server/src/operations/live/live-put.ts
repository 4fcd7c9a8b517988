/**
 * A PutObject that can be read while it comes (`x-cistern-live: true`), and going on with one whose client has vanished
 * (`PUT ?cistern-upload=ID`): the body becomes the parts of an upload, one after another, and the upload an object at the
 * body's end. Whatever of it was committed stays, can be read, and can be gone on with or aborted.
 */

import { createHash } from 'node:crypto';
import {
  formatUploadId,
  multipartETag,
  parseLive,
  parseLiveBody,
  parseWriteCondition,
  parseWriteOffset,
  S3Error,
  uploadHeaders,
  uploadIdOf,
} from '@cistern/protocol';
import type { LiveBody } from '@cistern/protocol';
import type { Published, WriteCondition } from '../../catalog/catalog.ts';
import { CatalogError } from '../../catalog/errors.ts';
import type { Upload, UploadName, UploadPrefix } from '../../catalog/uploads.ts';
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
import type { ReceivedPart } from './live-receiver.ts';

export async function livePut(context: InBucket, { key }: Operation<'PutObject'>): Promise<Reply> {
  const { services, bucket, user, headers, body } = context;
  const { uploads } = services.catalog;
  const stored = parseStoredHeaders(headers);
  const condition = parseWriteCondition(headers);
  const live = parseLiveBody(headers, body.payload);
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
  try {
    const received = await receive(context, { name, storageClass: stored.storageClass, first: 1, live });
    return await complete(context, {
      name,
      condition,
      ...received,
      checksumValue: received.checksum?.value ?? null,
    });
  } catch (error) {
    // Who is told that it failed does not go on with it. Who has vanished may, and another one may do so already.
    const goesOn = S3Error.isS3Error(error) && error.code === 'InvalidWriteOffset';
    if (!goesOn && !(error instanceof ClientGone)) await uploads.abortUpload(name).catch(() => undefined);
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
  const upload = await requireOpen(prefix, name);
  const { size, parts } = prefix as UploadPrefix;
  const offset = parseWriteOffset(headers);
  if (offset === undefined)
    throw new S3Error('InvalidRequest', 'Say with x-amz-write-offset-bytes where the body goes on.');
  if (offset !== size) {
    const state = uploadHeaders({ uploadId: name.upload, size, state: 'open' });
    throw new S3Error('InvalidWriteOffset', undefined, { UploadSize: String(size) }, state);
  }
  const { storageClass } = upload;
  const first = parts.length + 1;
  const received = await receive(context, { name, storageClass, first, live });
  const { checksum } = received;
  // Of a body that began in another request nobody knows the checksum, and of another algorithm it is not the upload's.
  const known = offset === 0 && checksum?.algorithm === upload.checksumAlgorithm;
  const checksumValue = known ? (checksum?.value ?? null) : null;
  return complete(context, {
    name,
    condition,
    checksum,
    checksumValue,
    parts: [...parts, ...received.parts],
  });
}

async function requireOpen(prefix: UploadPrefix | undefined, { upload }: UploadName): Promise<Upload> {
  if (prefix?.upload.state === 'open') return prefix.upload;
  throw new S3Error('NoSuchUpload', undefined, { UploadId: formatUploadId(upload) });
}

async function receive(
  context: InBucket,
  {
    name,
    storageClass,
    first,
    live,
  }: { name: UploadName; storageClass: string; first: number; live: LiveBody },
): ReturnType<LiveReceiver['finish']> {
  const placement = context.services.blobs.placement(storageClass);
  const receiver = new LiveReceiver({ context, name, placement, first, body: live });
  try {
    const trailers = await context.body.receive(live.length, receiver, { live: true });
    return await receiver.finish(trailers);
  } catch (error) {
    await receiver.discard();
    if (CatalogError.is(error) && error.code === 'PartsChanged')
      throw new S3Error('InvalidWriteOffset', 'Another client goes on with this upload.');
    throw error;
  }
}

/** Of these parts and no others: somebody else may have sent some meanwhile. */
async function complete(
  { services }: InBucket,
  {
    name,
    condition,
    checksum,
    checksumValue,
    parts,
  }: {
    name: UploadName;
    condition: WriteCondition | null;
    /** Of the body. */
    checksum: VerifiedChecksum | null;
    /** Of the object. */
    checksumValue: string | null;
    parts: readonly ReceivedPart[];
  },
): Promise<Reply> {
  const etag = multipartETag(parts.map((part) => part.etag));
  const list = parts.map((part) => `${part.number} ${part.etag}\n`).join('');
  const published: Published = await services.catalog.uploads.completeUpload({
    ...name,
    numbers: parts.map((part) => part.number),
    seqs: parts.map((part) => part.seq),
    partList: createHash('sha256').update(list).digest(),
    etag,
    checksumValue,
    condition,
  });
  const reply = emptyReply(200, ['ETag', `"${etag}"`]);
  const { version } = published;
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  reply.headers.push(...newVersionHeader(version));
  reply.headers.push(...uploadHeaders({ uploadId: name.upload, size, state: 'complete' }));
  if (checksum !== null) reply.headers.push(...checksumHeaders(checksum.algorithm, checksum.value));
  return reply;
}
