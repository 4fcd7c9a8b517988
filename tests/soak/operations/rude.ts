/** @module Clients of the soak that are refused, or that go away in the middle: nothing may stay of them. */

import { request } from 'undici';

import { beginUpload } from '../../support/begin-upload.ts';
import { expectError } from '../../support/expect.ts';
import { objectPath } from '../../support/s3.ts';
import type { Lane } from '../lane.ts';

export async function refused(lane: Lane): Promise<void> {
  const { name } = lane.anyBucket();
  const key = lane.anyKey();
  const body = lane.bytes('small');
  switch (lane.pick(4)) {
    case 0:
      return expectError(await lane.stranger.object('PUT', name, key, { body }), 403, 'AccessDenied');
    case 1:
      return expectError(await lane.s3.object('GET', name, key, { auth: 'anonymous' }), 403, 'AccessDenied');
    case 2: {
      const credentials = { ...lane.s3.credentials, secretAccessKey: 'another-secret' };
      return expectError(
        await lane.s3.object('PUT', name, key, { body, credentials }),
        403,
        'SignatureDoesNotMatch',
      );
    }
    default: {
      const headers = { 'x-amz-checksum-crc32': 'AAAAAA==' };
      const bytes = Buffer.concat([body, Buffer.from('x')]);
      return expectError(await lane.s3.object('PUT', name, key, { body: bytes, headers }), 400, 'BadDigest');
    }
  }
}

export async function cutUpload(lane: Lane): Promise<void> {
  const { name } = lane.anyBucket();
  const size = lane.pick(3) === 0 ? 'medium' : 'small';
  const bytes = lane.bytes(size);
  const connection = await beginUpload(lane.s3, objectPath(name, lane.keyFor(size)), bytes.length + 1);
  await connection.send(bytes);
  connection.abort();
}

/** On a connection of its own: it ends with the download. */
export async function cutDownload(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const found = lane.held(bucket);
  if (found === undefined) return;
  const { method, target, headers } = lane.s3.prepare('GET', objectPath(bucket.name, found.key));
  const { body } = await request(`${lane.s3.endpoint}${target}`, { method, headers: headers.flat() });
  const closed = new Promise((resolve) => body.once('close', resolve));
  // That it was cut off is no news.
  body.on('error', () => {});
  body.destroy();
  await closed;
}
