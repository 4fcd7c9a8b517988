/**
 * Requests that Node's parser hands over although it, or whatever stands before the server, reads them otherwise: where
 * one of them ends would be a matter of opinion, and the next request on the connection somebody else's.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { S3Error } from '@cistern/protocol';
import type { RawHeaders } from '@cistern/protocol';

/**
 * Of a request that is refused the connection ends with the answer. To be called before anything is done: the parser finds
 * fault with a transfer coding only after it has handed the request over.
 *
 * @throws S3Error InvalidRequest
 */
export function refuseAmbiguous(
  request: Pick<IncomingMessage, 'httpVersion'>,
  response: Pick<ServerResponse, 'shouldKeepAlive'>,
  headers: RawHeaders,
): void {
  const { httpVersion } = request;
  const coding = headers.get('transfer-encoding');
  const known = httpVersion === '1.1' || httpVersion === '1.0';
  // RFC 9112, 6.1: an HTTP/1.0 client knows no chunks, and whoever forwarded them for it may not either.
  const framed = coding === undefined || (coding.toLowerCase() === 'chunked' && httpVersion === '1.1');
  if (known && framed) return;
  response.shouldKeepAlive = false;
  throw new S3Error(
    'InvalidRequest',
    known ? 'Transfer-Encoding is chunked, in HTTP/1.1, or is not sent.' : 'The server speaks HTTP/1.1.',
  );
}
