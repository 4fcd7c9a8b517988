/** @module Requests that were signed and are changed before they are sent. */

import type { PreparedRequest, S3, S3Response } from '../support/s3.ts';

/** Sends it as it stands, with nothing added to it. */
export function sendPrepared(
  s3: S3,
  { method, target, headers, body }: PreparedRequest,
): Promise<S3Response> {
  const host = headers.find(([name]) => name === 'host')?.[1] ?? s3.host;
  return s3.send(method, target, {
    auth: 'anonymous',
    host,
    unsignedHeaders: headers.filter(([name]) => name !== 'host'),
    ...(body !== undefined && { body }),
  });
}

/** The same with every value of a header changed; undefined: without it. */
export function bendHeader(
  request: PreparedRequest,
  name: string,
  bend: (value: string) => string | undefined,
): PreparedRequest {
  const headers: [string, string][] = [];
  for (const [one, value] of request.headers) {
    const bent = one === name ? bend(value) : value;
    if (bent !== undefined) headers.push([one, bent]);
  }
  return { ...request, headers };
}

export function addHeaders(request: PreparedRequest, ...added: [string, string][]): PreparedRequest {
  return { ...request, headers: [...request.headers, ...added] };
}

export function addQuery(request: PreparedRequest, query: string): PreparedRequest {
  return { ...request, target: request.target + (request.target.includes('?') ? '&' : '?') + query };
}
