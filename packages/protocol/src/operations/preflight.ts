/**
 * @module The answer to a CORS preflight request while no bucket has a CORS configuration: always a refusal, in S3's words.
 * It needs no signature, as browsers send none, and does not say whether the bucket is there.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors-troubleshooting.html.
 */

import { S3Error } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';

export function preflightRefusal(headers: RawHeaders, resourceType: 'BUCKET' | 'OBJECT'): S3Error {
  if (!headers.has('origin')) {
    return new S3Error('BadRequest', 'Insufficient information. Origin request header needed.');
  }
  const method = headers.get('access-control-request-method');
  if (method === undefined) {
    return new S3Error('BadRequest', 'Invalid Access-Control-Request-Method: null');
  }
  return new S3Error('AccessForbidden', 'CORSResponse: CORS is not enabled for this bucket.', {
    Method: method,
    ResourceType: resourceType,
  });
}
