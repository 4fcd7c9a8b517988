/** CreateBucket: as in us-east-1, creating one's own bucket again succeeds and changes nothing. */

import {
  checkAcl,
  checkCreateBucketBody,
  checkCreateBucketHeaders,
  checkNewBucketName,
} from '@cistern/protocol';
import { CatalogError } from '../catalog/errors.ts';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { Authorized, Operation } from './context.ts';
import { receiveDocument } from './receive-document.ts';

export async function createBucket(
  context: Authorized,
  operation: Operation<'CreateBucket'>,
): Promise<Reply> {
  const { services, user, headers } = context;
  const name = operation.bucket;
  checkNewBucketName(name);
  checkAcl(headers);
  checkCreateBucketHeaders(headers);
  const { bytes } = await receiveDocument(context);
  checkCreateBucketBody(bytes, services.region);
  try {
    await services.catalog.createBucket({ name, owner: user.name, region: services.region });
  } catch (error) {
    if (!CatalogError.is(error) || error.code !== 'BucketOwnedByYou') throw error;
  }
  return emptyReply(200, ['Location', `/${name}`]);
}
