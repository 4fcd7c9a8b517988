/**
 * Who may do what, decided in one place before any operation runs: a bucket belongs to its creator, and only its owner
 * and root may touch it or even see what is in it.
 */

import { S3Error } from '@cistern/protocol';
import type { Bucket, Catalog } from '../catalog/catalog.ts';
import type { User } from '../config.ts';

/** @throws S3Error AccessDenied for anonymous requests: nothing is open by default. */
export function requireUser(user: User | undefined): User {
  if (user === undefined)
    throw new S3Error('AccessDenied', 'Anonymous access is not allowed. Sign the request.');
  return user;
}

/**
 * The bucket, for someone who may use it.
 *
 * @param expectedOwner the value of `x-amz-expected-bucket-owner`
 * @throws S3Error NoSuchBucket, AccessDenied
 */
export async function accessBucket(
  catalog: Catalog,
  user: User,
  name: string,
  expectedOwner: string | undefined,
): Promise<Bucket> {
  const bucket = await catalog.findBucket(name);
  if (bucket === undefined) throw new S3Error('NoSuchBucket', undefined, { BucketName: name });
  if (!user.root && bucket.owner !== user.name) throw new S3Error('AccessDenied');
  if (expectedOwner !== undefined && expectedOwner !== bucket.owner) {
    throw new S3Error(
      'AccessDenied',
      'The bucket belongs to someone else than x-amz-expected-bucket-owner says.',
    );
  }
  return bucket;
}
