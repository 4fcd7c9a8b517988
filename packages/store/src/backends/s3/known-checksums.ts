/** The checksums that a service keeps of whole objects: asked for with their info, by one request. */

import type { ChecksumsOptions, KnownChecksums } from '../../transfers/known-checksums.ts';
import { checkGetConditions } from '../../conditions.ts';
import type { S3Context } from './context.ts';
import { headerOf } from './errors.ts';
import { readRequest, wholeCrc32 } from './get.ts';
import { readInfo } from './object-headers.ts';

export async function s3Checksums(
  { client, checksums }: S3Context,
  key: string,
  options: ChecksumsOptions,
): Promise<KnownChecksums> {
  const request = readRequest('get', key, options, 'HEAD');
  if (checksums) request.headers.push(['x-amz-checksum-mode', 'ENABLED']);
  const { headers } = await client.send(request);
  const info = readInfo(key, headers, Number(headerOf(headers, 'content-length') ?? 0));
  checkGetConditions(options, info.etag, 'get', key);
  // The ETag of what is encrypted with a key of the caller's or of KMS is no MD5, though it looks like one.
  const encryption = headerOf(headers, 'x-amz-server-side-encryption') ?? '';
  const isKeyed =
    encryption.startsWith('aws:') ||
    headerOf(headers, 'x-amz-server-side-encryption-customer-algorithm') !== undefined;
  return {
    info,
    crc32: wholeCrc32(headers) === undefined ? undefined : headerOf(headers, 'x-amz-checksum-crc32'),
    md5: !isKeyed && /^[0-9a-f]{32}$/.test(info.etag) ? info.etag : undefined,
  };
}
