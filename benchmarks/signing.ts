/**
 * @module Signed requests as text: heads to be replayed, and URLs for curl. Payloads stay unsigned, so that one
 * signature serves any body of the length.
 */

import { presign, signRequest, UNSIGNED_PAYLOAD } from '@cistern/protocol';
import type { Target } from './target.ts';

const URL_EXPIRES_S = 3600;

export interface RequestLine {
  method: string;
  /** path and query, percent-encoded */
  path: string;
  /** Content-Length to send; left out when undefined */
  contentLength?: number;
  /** further ones, lower case; they are signed too */
  headers?: readonly (readonly [name: string, value: string])[];
}

/** Headers of a signed request, `host` included, in the order to send them. */
export function signedHeaders(target: Target, request: RequestLine): [string, string][] {
  const headers: [string, string][] = [['host', target.endpoint.host]];
  if (request.contentLength !== undefined) headers.push(['content-length', String(request.contentLength)]);
  for (const [name, value] of request.headers ?? []) headers.push([name, value]);
  const signature = signRequest({
    method: request.method,
    target: request.path,
    headers,
    payload: UNSIGNED_PAYLOAD,
    credentials: target,
    region: target.region,
    now: Date.now(),
  });
  return [...headers, ...signature.headers];
}

/** The head of an HTTP/1.1 request, to its empty line. */
export function signedHead(target: Target, request: RequestLine): string {
  let head = `${request.method} ${request.path} HTTP/1.1\r\n`;
  for (const [name, value] of signedHeaders(target, request)) head += `${name}: ${value}\r\n`;
  return `${head}\r\n`;
}

/** A URL that carries its own signature, for an hour. */
export function presignedUrl(target: Target, method: string, path: string): string {
  const signed = presign({
    method,
    target: path,
    host: target.endpoint.host,
    expiresS: URL_EXPIRES_S,
    credentials: target,
    region: target.region,
    now: Date.now(),
  });
  return target.endpoint.origin + signed;
}
