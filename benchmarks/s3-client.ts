/**
 * @module Single S3 requests for preparing, probing and listing. Not a load generator.
 */

import {
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { signedHeaders } from './signing.ts';
import type { Target } from './target.ts';

const httpAgent = new HttpAgent({ keepAlive: true });
const httpsAgent = new HttpsAgent({ keepAlive: true, rejectUnauthorized: false });

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Sent {
  body?: Buffer;
  /** lower case; they are signed */
  headers?: readonly (readonly [name: string, value: string])[];
}

/** Sends one request; resolves with the head of the answer, whose body is still to be read. */
export function open(
  target: Target,
  method: string,
  path: string,
  { body, headers }: Sent = {},
): Promise<IncomingMessage> {
  const signed = signedHeaders(target, {
    method,
    path,
    ...(body && { contentLength: body.length }),
    ...(headers && { headers }),
  });
  const secure = target.endpoint.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(
      {
        agent: secure ? httpsAgent : httpAgent,
        hostname: target.endpoint.hostname.replace(/^\[|\]$/g, ''),
        port: target.endpoint.port,
        method,
        path,
        headers: Object.fromEntries(signed),
      },
      resolve,
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends one request and reads the whole answer, whatever its status. Rejects when the connection fails. */
export async function send(target: Target, method: string, path: string, sent: Sent = {}): Promise<Answer> {
  return readAnswer(await open(target, method, path, sent));
}

/** Reads the rest of an answer. */
export function readAnswer(response: IncomingMessage): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks),
      }),
    );
    response.on('error', reject);
  });
}

/** As `send`, but throws on any status of 300 and above, with what the server said. */
export async function sendOk(target: Target, method: string, path: string, sent: Sent = {}): Promise<Answer> {
  const answer = await send(target, method, path, sent);
  if (answer.status >= 300) {
    const said = answer.body.toString('utf8', 0, 400);
    throw new Error(`${method} ${path} was answered ${answer.status}: ${said}`);
  }
  return answer;
}

/** Creates the bucket, or finds that it is there. */
export async function ensureBucket(target: Target, bucket: string): Promise<void> {
  const probe = await send(target, 'HEAD', `/${bucket}`);
  if (probe.status !== 200) await sendOk(target, 'PUT', `/${bucket}`, { body: Buffer.alloc(0) });
}

export interface ListOptions {
  bucket: string;
  delimiter?: string;
  startAfter?: string;
  continuationToken?: string;
  /** entries at most; default 1,000 */
  maxKeys?: number;
}

/** The query of one page of ListObjectsV2, as it is signed. */
export function listQuery(options: ListOptions): string {
  const parameters: string[] = [];
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined) parameters.push(`${name}=${encodeURIComponent(value)}`);
  };
  add('continuation-token', options.continuationToken);
  add('delimiter', options.delimiter);
  parameters.push('list-type=2');
  add('max-keys', options.maxKeys?.toString());
  add('start-after', options.startAfter);
  return parameters.join('&');
}

/** One page of ListObjectsV2 of up to 1,000 entries, unparsed. */
export async function listPage(target: Target, options: ListOptions): Promise<string> {
  const answer = await sendOk(target, 'GET', `/${options.bucket}?${listQuery(options)}`);
  return answer.body.toString('latin1');
}

/** The token of the page after this one; undefined on the last. */
export function nextToken(page: string): string | undefined {
  return textOf(page, 'NextContinuationToken');
}

/** How often `tag` opens in a page. */
export function countTags(page: string, tag: string): number {
  return page.split(`<${tag}>`).length - 1;
}

/** The keys of a page; for keys that need no XML escapes, such as those made here. */
export function keysOf(page: string): string[] {
  return [...page.matchAll(/<Key>([^<]*)<\/Key>/g)].map((match) => match[1] ?? '');
}

/** What stands in the first element of that name, unescaped; undefined without one. */
export function textOf(xml: string, element: string): string | undefined {
  const start = xml.indexOf(`<${element}>`);
  if (start < 0) return undefined;
  const text = xml.slice(start + element.length + 2, xml.indexOf(`</${element}>`, start));
  return text.replaceAll('&#34;', '"').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}
