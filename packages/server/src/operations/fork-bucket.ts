/**
 * ForkBucket, an operation of ours: a new bucket with what another one, or a snapshot, shows. Answered when the bucket is
 * there; a client that does not wait finds it later, for it is made to its end.
 */

import { checkNewBucketName, parseFork, S3Error } from '@cistern/protocol';
import type { ForkInput } from '@cistern/protocol';
import type { Bucket } from '../catalog/catalog.ts';
import { accessBucket } from '../http/access-control.ts';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { Authorized, Operation } from './context.ts';
import { refuseDocument } from './receive-document.ts';

export async function forkBucket(context: Authorized, operation: Operation<'ForkBucket'>): Promise<Reply> {
  const { services, user, headers } = context;
  const name = operation.bucket;
  checkNewBucketName(name);
  const input = parseFork(headers);
  const source = await accessBucket(services.catalog, user, input.source, input.sourceExpectedOwner);
  refuseTime(source, input);
  await refuseDocument(context, operation.name);
  await services.catalog.snapshots.fork({
    source: source.id,
    sourceAsOf: source.asOf,
    untilMs: input.untilMs,
    name,
    owner: user.name,
    region: services.region,
  });
  return emptyReply(200, ['Location', `/${name}`]);
}

/** Without versions what was there before is gone: the answer would be a part of it. */
function refuseTime({ name, versioning }: Bucket, { untilMs }: ForkInput): void {
  if (untilMs === undefined || versioning !== 'never') return;
  throw new S3Error(
    'InvalidRequest',
    `The bucket ${name} never had versions: what it held at an earlier time is not known. Fork it as it is, or a snapshot.`,
    { BucketName: name },
  );
}
