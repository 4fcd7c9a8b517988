/** Conditions on a write, before its body is asked for. */

import { S3Error } from '@cistern/protocol';
import type { WriteCondition } from '../catalog/catalog.ts';
import type { InBucket } from './context.ts';

/**
 * A condition that does not hold now will hardly hold after the body: spare the client sending it. The decision that
 * counts is made when the version is published.
 */
export async function failEarly(
  { services, bucket }: InBucket,
  key: string,
  condition: WriteCondition | null,
): Promise<void> {
  if (condition === null) return;
  const latest = await services.catalog.findVersion(bucket.id, key);
  const absent = latest === undefined || latest.deleteMarker;
  if ('ifAbsent' in condition) {
    if (!absent) throw new S3Error('PreconditionFailed', undefined, { Condition: 'If-None-Match' });
  } else if (absent) {
    throw new S3Error('NoSuchKey', undefined, { Key: key });
  }
}
