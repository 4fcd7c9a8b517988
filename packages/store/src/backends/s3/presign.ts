/** URLs with which others can do one thing to one key. */

import { StoreError } from '../../errors.ts';
import type { PresignOptions } from '../../object-store.ts';
import type { S3Context } from './context.ts';

/** S3's limit: seven days. */
const EXPIRES_S_MAX = 604_800;

export function presignObject(
  { client }: S3Context,
  key: string,
  { method = 'GET', expiresS = 3600, contentType }: PresignOptions,
): Promise<string> {
  if (!Number.isSafeInteger(expiresS) || expiresS < 1 || expiresS > EXPIRES_S_MAX) {
    throw new StoreError(
      'InvalidArgument',
      `A URL is good for 1 to ${EXPIRES_S_MAX} seconds, not ${expiresS}`,
      {
        operation: 'presign',
        key,
      },
    );
  }
  const headers: [string, string][] = contentType === undefined ? [] : [['content-type', contentType]];
  return client.presign({ method, object: key, headers }, expiresS);
}
