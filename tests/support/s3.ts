/**
 * @module A raw S3 client for tests: what it is told to send is what stands on the wire.
 *
 * It is not an SDK: no retries, no added checksums, no normalised paths, errors returned and not thrown. Requests are
 * signed unless a test says otherwise, and every part of the signature can be bent.
 */

import { createHash, randomBytes } from 'node:crypto';

import {
  type ChunkSigningContext,
  type Credentials,
  encodeKey,
  encodeQueryComponent,
  presign,
  signRequest,
} from '@cistern/protocol';
import { Pool } from 'undici';

import { text } from './xml.ts';

export type HeaderList = readonly (readonly [string, string])[];

export interface S3RequestOptions {
  /** pairs that will be encoded, or a raw query that is sent as it is */
  query?: Readonly<Record<string, string>> | string;
  /** signed along with the request */
  headers?: Readonly<Record<string, string>> | HeaderList;
  /** added after the signature was made */
  unsignedHeaders?: HeaderList;
  /** a function is given what the first chunk's signature builds on */
  body?: Buffer | string | ((context: ChunkSigningContext) => Buffer);
  /** the value of `x-amz-content-sha256`; the body's own SHA-256 when left out */
  payload?: string;
  /** `header` when left out */
  auth?: 'header' | 'presigned' | 'anonymous';
  /** of a presigned request, in seconds; 900 when left out */
  expiresS?: number;
  credentials?: Credentials;
  region?: string;
  /** milliseconds since the epoch: the time of the signature */
  now?: number;
  /** the Host header; that of the endpoint when left out */
  host?: string;
}

export interface S3Response {
  status: number;
  /** lower-case names */
  headers: Record<string, string>;
  body: Buffer;
  /** the body as UTF-8 */
  text: string;
  /** `Code` of an error's XML */
  errorCode: string | undefined;
}

/** A request as it will stand on the wire. */
export interface PreparedRequest {
  method: string;
  target: string;
  headers: [string, string][];
  body: Buffer | undefined;
}

export function sha256Hex(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function md5Base64(bytes: Buffer | string): string {
  return createHash('md5').update(bytes).digest('base64');
}

/** The ETag that S3 gives to an object of one part. */
export function etagOf(bytes: Buffer | string): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

export function objectPath(bucket: string, key: string): string {
  return `/${bucket}/${encodeKey(key)}`;
}

function formatQuery(query: S3RequestOptions['query']): string {
  if (query === undefined || typeof query === 'string') return query ?? '';
  return Object.entries(query)
    .map(([name, value]) => `${encodeQueryComponent(name)}=${encodeQueryComponent(value)}`)
    .join('&');
}

function headerList(headers: S3RequestOptions['headers']): HeaderList {
  if (headers === undefined) return [];
  return Array.isArray(headers) ? (headers as HeaderList) : Object.entries(headers as Record<string, string>);
}

export class S3 {
  readonly endpoint: string;
  readonly host: string;
  readonly region: string;
  readonly credentials: Credentials;
  readonly #pool: Pool;

  constructor(options: { endpoint: string; credentials: Credentials; region: string; pool?: Pool }) {
    this.endpoint = options.endpoint;
    this.host = new URL(options.endpoint).host;
    this.region = options.region;
    this.credentials = options.credentials;
    this.#pool = options.pool ?? new Pool(options.endpoint, { connections: 32 });
  }

  /** The same server, asked by another user. */
  as(credentials: Credentials): S3 {
    return new S3({ endpoint: this.endpoint, credentials, region: this.region, pool: this.#pool });
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Signs a request without sending it. `path` is raw: as it stands on the request line. */
  prepare(method: string, path: string, options: S3RequestOptions = {}): PreparedRequest {
    const query = formatQuery(options.query);
    const target = query === '' ? path : `${path}?${query}`;
    const given = headerList(options.headers);
    const unsigned = options.unsignedHeaders ?? [];
    const host = options.host ?? this.host;
    const credentials = options.credentials ?? this.credentials;
    const region = options.region ?? this.region;
    const now = options.now ?? Date.now();
    const plain = typeof options.body === 'function' ? undefined : options.body;
    const plainBytes = typeof plain === 'string' ? Buffer.from(plain) : plain;
    const empty = method === 'PUT' || method === 'POST' ? Buffer.alloc(0) : undefined;

    if (options.auth === 'anonymous') {
      return { method, target, headers: pairs([['host', host]], given, unsigned), body: plainBytes ?? empty };
    }
    if (options.auth === 'presigned') {
      const signedTarget = presign({
        method,
        target,
        host,
        headers: given,
        expiresS: options.expiresS ?? 900,
        ...(options.payload === undefined ? {} : { payload: options.payload }),
        credentials,
        region,
        now,
      });
      return {
        method,
        target: signedTarget,
        headers: pairs([['host', host]], given, unsigned),
        body: plainBytes ?? empty,
      };
    }
    const payload = options.payload ?? sha256Hex(plainBytes ?? '');
    const headers = pairs([['host', host]], given);
    const signature = signRequest({ method, target, headers, payload, credentials, region, now });
    const body =
      typeof options.body === 'function' ? options.body(signature.chunkContext) : (plainBytes ?? empty);
    return { method, target, headers: pairs(headers, signature.headers, unsigned), body };
  }

  /** Sends a request to a raw path and reads the whole answer. */
  async send(method: string, path: string, options: S3RequestOptions = {}): Promise<S3Response> {
    const { status, headers, body } = await exchange(this.#pool, this.prepare(method, path, options));
    let decoded: string | undefined;
    // Only where it is asked for: most bodies are an object's bytes.
    const decode = (): string => (decoded ??= body.toString('utf8'));
    return {
      status,
      headers,
      body,
      get text() {
        return decode();
      },
      get errorCode() {
        return readErrorCode(decode());
      },
    };
  }

  bucket(method: string, bucket: string, options?: S3RequestOptions): Promise<S3Response> {
    return this.send(method, `/${bucket}`, options);
  }

  object(method: string, bucket: string, key: string, options?: S3RequestOptions): Promise<S3Response> {
    return this.send(method, objectPath(bucket, key), options);
  }

  /** Puts an object that a test needs; throws if that fails. */
  async put(
    bucket: string,
    key: string,
    body: Buffer | string,
    headers: Record<string, string> = {},
  ): Promise<void> {
    const response = await this.object('PUT', bucket, key, { body, headers });
    if (response.status !== 200) throw new Error(`PUT ${key}: ${response.status} ${response.text}`);
  }

  /** Creates a bucket under a fresh name. */
  async freshBucket(prefix = 'test'): Promise<string> {
    const name = `${prefix}-${randomBytes(6).toString('hex')}`;
    const response = await this.bucket('PUT', name);
    if (response.status !== 200) throw new Error(`CreateBucket ${name}: ${response.status} ${response.text}`);
    return name;
  }
}

interface Exchanged {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** Without a stream for the body: a proof asks millions of times. */
function exchange(pool: Pool, { method, target, headers, body }: PreparedRequest): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let told: Record<string, string> = {};
    const chunks: Buffer[] = [];
    pool.dispatch(
      { method, path: target, headers: headers.flat(), body: body ?? null, reset: false },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_, code, given) => {
          status = code;
          told = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
        },
        onResponseData: (_, chunk) => void chunks.push(chunk),
        onResponseEnd: () => resolve({ status, headers: told, body: Buffer.concat(chunks) }),
        onResponseError: (_, error) => reject(error),
      },
    );
  });
}

function readErrorCode(body: string): string | undefined {
  return body.includes('<Error>') ? text(body, 'Code') : undefined;
}

function pairs(...lists: HeaderList[]): [string, string][] {
  return lists.flat().map(([name, value]): [string, string] => [name, value]);
}
