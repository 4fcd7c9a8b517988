/** @module An upload that the server has begun and that has sent nothing of its body: for what happens meanwhile. */

import assert from 'node:assert/strict';

import { formatHead, RawConnection } from './raw-http.ts';
import type { S3 } from './s3.ts';

/**
 * Resolves when the server has told the client to go on.
 *
 * @param path as `objectPath` makes it
 * @param length of the body, in bytes, which the caller then sends
 */
export async function beginUpload(s3: S3, path: string, length: number): Promise<RawConnection> {
  const put = s3.prepare('PUT', path, { payload: 'UNSIGNED-PAYLOAD' });
  const connection = await RawConnection.open(s3.endpoint);
  await connection.send(
    formatHead('PUT', put.target, [
      ...put.headers,
      ['content-length', String(length)],
      ['expect', '100-continue'],
    ]),
  );
  assert.equal((await connection.read()).status, 100);
  return connection;
}
