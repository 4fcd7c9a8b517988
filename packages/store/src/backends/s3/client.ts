/**
 * Signed requests to one bucket (or to the service above buckets). It retries nothing but what it has learnt from: another
 * region, or new credentials. What it gives is an answer of success; everything else is a StoreError.
 */

import {
  EMPTY_SHA256,
  encodeKey,
  encodeQueryComponent,
  presign,
  signRequest,
  UNSIGNED_PAYLOAD,
} from '@cistern/protocol/client';
import { hash } from 'node:crypto';
import { Pool } from '../../http-pool.ts';
import type { Dispatcher } from 'undici';
import { abortedError, isStoreError, StoreError } from '../../errors.ts';
import type { ErrorPlace } from '../../errors.ts';
import { CredentialCache } from './credentials/credentials.ts';
import type { CredentialSource, S3Credentials } from './credentials/credentials.ts';
import { headerOf, networkError, readRefusal, refusalError } from './errors.ts';
import type { Doing } from './errors.ts';
import { exchange, exchangeStream } from './exchange.ts';
import type { Accept, HttpAnswer, HttpRequest, HttpStream, ResponseHeaders } from './exchange.ts';
import type { HeaderPairs } from './object-headers.ts';
import { addressOf, awsEndpoint, isRegionName, parseEndpoint } from './settings.ts';
import type { Address, Addressing } from './settings.ts';

export interface ClientOptions {
  readonly bucket: string | undefined;
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly addressing: Addressing;
  readonly connections: number;
  readonly signPayloads: 'auto' | boolean;
  readonly credentials: CredentialSource;
}

export interface S3Request extends Doing {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** the object; undefined: the bucket itself. Not `key`, which is for errors */
  readonly object?: string | undefined;
  /** a bucket of the service that this client is for, instead of the service itself */
  readonly at?: { readonly host: string; readonly path: string } | undefined;
  /** encoded, without `?` */
  readonly query?: string | undefined;
  readonly headers?: HeaderPairs | undefined;
  readonly body?: Uint8Array | undefined;
  /** told how many bytes of the body were sent, now and then; counted anew when it is sent again */
  readonly onSent?: ((position: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Over plain HTTP the hash of a body up to here is signed; larger ones would cost more than they are worth. Bytes. */
const SIGNED_BYTES_MAX = 256 * 1024;
const CONNECT_MS_MAX = 10_000;

export class S3Client {
  readonly #options: ClientOptions;
  readonly #credentials: CredentialCache;
  #region: string;
  #address: Address;
  #pool: Pool;
  #closed = false;
  #server: string | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#credentials = new CredentialCache(options.credentials);
    this.#region = options.region;
    this.#address = this.#addressIn(options.region);
    this.#pool = this.#connect();
  }

  get origin(): string {
    return this.#address.origin;
  }

  /** For errors. */
  get where(): ErrorPlace {
    return { endpoint: this.#address.origin, bucket: this.#options.bucket };
  }

  get region(): string {
    return this.#region;
  }

  /** Whether this is AWS's own service, whose abilities are known. */
  get isAws(): boolean {
    return /\.amazonaws\.com(?:\.cn)?$/.test(new URL(this.#address.origin).hostname);
  }

  /** The `Server` header of the answers so far; undefined before the first one. */
  get seenServer(): string | undefined {
    return this.#server;
  }

  /** The same, asked for if nothing was asked yet. */
  async server({ signal }: { signal?: AbortSignal | undefined }): Promise<string> {
    if (this.#server === undefined) {
      // Whatever it says: that there is no such bucket, or that this is not allowed, is for others to meet.
      await this.send({ operation: 'open', method: 'HEAD', signal }).catch((error: unknown) => {
        if (this.#server === undefined) throw error;
      });
    }
    return this.#server ?? '';
  }

  /** Sends a request and takes the whole answer. @param accept takes the body as it comes, of any answer of success */
  async send(request: S3Request, accept?: Accept): Promise<HttpAnswer> {
    const taking: Accept | undefined =
      accept && ((status, headers) => (status < 300 ? accept(status, headers) : undefined));
    const run = (dispatcher: Dispatcher, http: HttpRequest): Promise<HttpAnswer> =>
      exchange(dispatcher, http, taking);
    return (await this.#run(request, run)) as HttpAnswer;
  }

  /** Sends a request; resolves with the head of the answer, whose body is on its way. */
  async stream(request: S3Request): Promise<HttpStream> {
    return (await this.#run(request, exchangeStream)) as HttpStream;
  }

  /** The URL of one request for others to send. */
  async presign(
    request: Pick<S3Request, 'method' | 'object' | 'headers'>,
    expiresS: number,
  ): Promise<string> {
    const credentials = await this.#getCredentials('presign', undefined);
    const { origin, host } = this.#address;
    const target = this.#target(request.object, undefined);
    // The host of the URL is where it leads: a bucket that is named by its host needs it there.
    const base = `${new URL(origin).protocol}//${host}`;
    if (credentials === null) return base + target;
    const token = credentials.sessionToken;
    const signed = presign({
      method: request.method,
      target: token === undefined ? target : `${target}?X-Amz-Security-Token=${encodeQueryComponent(token)}`,
      host,
      headers: request.headers ?? [],
      expiresS,
      credentials,
      region: this.#region,
      now: Date.now(),
    });
    return base + signed;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool.destroy();
  }

  /** A copy source: the bucket and the key, encoded. */
  copySource(key: string): string {
    return `/${this.#options.bucket ?? ''}/${encodeKey(key)}`;
  }

  async #run(
    request: S3Request,
    exchanging: (dispatcher: Dispatcher, http: HttpRequest) => Promise<HttpAnswer | HttpStream>,
  ): Promise<HttpAnswer | HttpStream> {
    const { operation, key, signal } = request;
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) throw new StoreError('Closed', 'The store was closed', { operation, key });
      if (signal?.aborted === true) throw abortedError(signal, operation, key);
      const ready = this.#credentials.now();
      const credentials = ready === undefined ? await this.#getCredentials(operation, key) : ready;
      const http = this.#prepare(request, credentials);
      let answer: HttpAnswer | HttpStream;
      try {
        answer = await exchanging(this.#pool, http);
      } catch (error) {
        throw this.#failure(error, request);
      }
      this.#server ??= headerOf(answer.headers, 'server') ?? '';
      if (answer.status < 300) return answer;
      const body = answer.body as Uint8Array;
      if (attempt === 1 && (await this.#learn(answer.status, answer.headers, body, credentials, request)))
        continue;
      const where = { ...this.where, ...request.where, accessKeyId: credentials?.accessKeyId };
      throw refusalError(answer.status, answer.headers, body, { ...request, where });
    }
  }

  #failure(error: unknown, request: S3Request): StoreError {
    const { operation, key, signal } = request;
    if (signal?.aborted === true) return abortedError(signal, operation, key);
    if (isStoreError(error)) return error;
    if (this.#closed)
      return new StoreError('Closed', 'The store was closed', { operation, key, cause: error });
    const where = { ...this.where, ...request.where };
    return networkError(error, this.#address.origin, { ...request, where });
  }

  /** The error of a body that broke, for those who read it. */
  bodyFailure(error: unknown, request: S3Request): StoreError {
    return this.#failure(error, request);
  }

  async #getCredentials(
    operation: Doing['operation'],
    key: string | undefined,
  ): Promise<S3Credentials | null> {
    const ready = this.#credentials.now();
    if (ready !== undefined) return ready;
    try {
      return await this.#credentials.get();
    } catch (error) {
      if (!isStoreError(error)) throw error;
      const { code, message, retry } = error;
      throw new StoreError(code, message, { operation, key, retry, cause: error, where: this.where });
    }
  }

  /** @returns whether the answer has told what to do otherwise: the request is then sent once more */
  async #learn(
    status: number,
    headers: ResponseHeaders,
    body: Uint8Array,
    credentials: S3Credentials | null,
    request: S3Request,
  ): Promise<boolean> {
    if (status === 301 || status === 307 || status === 400) {
      const { code, region } = readRefusal(status, headers, body);
      // A HEAD has no document: where the header names another region, that is why.
      const isRegion =
        ['AuthorizationHeaderMalformed', 'PermanentRedirect', 'TemporaryRedirect'].includes(code) ||
        (code === '' && request.method === 'HEAD');
      if (isRegion && region !== undefined && isRegionName(region) && region !== this.#region) {
        await this.#moveTo(region);
        return true;
      }
    }
    if (credentials !== null && (status === 400 || status === 403)) {
      const { code } = readRefusal(status, headers, body);
      if (['ExpiredToken', 'TokenRefreshRequired', 'InvalidToken'].includes(code)) {
        this.#credentials.reject(credentials);
        return this.#credentials.now() === undefined;
      }
    }
    return false;
  }

  async #moveTo(region: string): Promise<void> {
    this.#region = region;
    const address = this.#addressIn(region);
    if (address.origin === this.#address.origin) return;
    const old = this.#pool;
    this.#address = address;
    this.#pool = this.#connect();
    // What is under way there ends by itself.
    await Promise.resolve();
    void old.close().catch(() => undefined);
  }

  #prepare(request: S3Request, credentials: S3Credentials | null): HttpRequest {
    const { method, body, onSent, signal } = request;
    const target = this.#target(request.object, request.query, request.at?.path);
    const pairs: HeaderPairs = [['host', request.at?.host ?? this.#address.host]];
    if (request.headers !== undefined) for (const pair of request.headers) pairs.push(pair);
    if (credentials !== null) {
      if (credentials.sessionToken !== undefined) {
        pairs.push(['x-amz-security-token', credentials.sessionToken]);
      }
      const signature = signRequest({
        method,
        target,
        headers: pairs,
        payload: this.#payload(body),
        credentials,
        region: this.#region,
        now: Date.now(),
      });
      for (const pair of signature.headers) pairs.push(pair);
    }
    const headers: string[] = [];
    for (const [name, value] of pairs) headers.push(name, value);
    return { method, target, headers, body, onSent, signal };
  }

  #payload(body: Uint8Array | undefined): string {
    if (body === undefined || body.byteLength === 0) return EMPTY_SHA256;
    const { signPayloads } = this.#options;
    const signs =
      signPayloads === 'auto'
        ? body.byteLength <= SIGNED_BYTES_MAX && this.#address.origin.startsWith('http:')
        : signPayloads;
    return signs ? hash('sha256', body, 'hex') : UNSIGNED_PAYLOAD;
  }

  #target(object: string | undefined, query: string | undefined, root: string = this.#address.root): string {
    const path =
      object === undefined ? (root.length > 1 ? root.slice(0, -1) : root) : root + encodeKey(object);
    return query === undefined ? path : `${path}?${query}`;
  }

  #addressIn(region: string): Address {
    const { endpoint, bucket, addressing } = this.#options;
    return addressOf(parseEndpoint(endpoint ?? awsEndpoint(region)), bucket, addressing);
  }

  #connect(): Pool {
    return new Pool(this.#address.origin, {
      connections: this.#options.connections,
      allowH2: false,
      // How long an answer may take is for the caller (a signal, the retry layer) to say: some take as long as they take.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: CONNECT_MS_MAX,
    });
  }
}
