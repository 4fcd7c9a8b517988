/**
 * Requests to one storage account: built, signed, sent, and their failures translated. It makes one attempt; trying again is
 * the `retry` layer's.
 */

import { createHash } from 'node:crypto';
// All of undici: requests of a pool are mixed into it there.
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { clockAheadMs, isStoreError, StoreError } from '../../errors.ts';
import type { ErrorPlace } from '../../errors.ts';
import type { AnswerHeaders, Headers } from './attributes.ts';
import type { Account } from './credentials.ts';
import { answerError, AzureAnswer, connectionError } from './errors.ts';
import type { ErrorContext } from './errors.ts';
import { encodeBlobName } from './names.ts';
import { blobSasQuery, sharedKeyAuthorization } from './shared-key.ts';
import { Tokens } from './tokens.ts';
import { textOf } from './xml.ts';

/** The first that lists from a name on. */
export const START_FROM_VERSION = '2026-02-06';

export interface ClientOptions {
  /** `x-ms-version`: the version of the service's protocol; 2026-02-06 when left out */
  readonly apiVersion?: string | undefined;
  /** connections to the account at most; 64 when left out */
  readonly connections?: number | undefined;
  /**
   * `true`: bytes that are written from memory carry their MD5, which the service checks, and whole objects that have one are
   * checked when they are read (`Corrupt`). `false` when left out: an MD5 takes longer than the network.
   */
  readonly verify?: boolean | undefined;
}

export interface AzureRequest extends ErrorContext {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  /** `undefined`: the account */
  readonly container?: string | undefined;
  /** `undefined`: the container */
  readonly blob?: string | undefined;
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  readonly headers?: Headers | undefined;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** bytes, where the body is a stream */
  readonly bodySize?: number | undefined;
}

export interface AzureResponse {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Dispatcher.ResponseData['body'];
}

/** Takes a body's bytes as they come; what it throws ends the request. */
export type Sink = (chunk: Uint8Array) => void;

/** Of an error's body: more is not a message for people. */
const ERROR_BYTES_MAX = 16 * 1024;
/** Of a document: no page of a listing is larger. */
const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024;

export class AzureClient {
  readonly #account: Account;
  readonly #pool: Pool;
  readonly #tokens: Tokens | undefined;
  readonly apiVersion: string;
  readonly verify: boolean;
  #closed = false;

  constructor(account: Account, options: ClientOptions = {}) {
    const { apiVersion = START_FROM_VERSION, connections = 64, verify = false } = options;
    this.#account = account;
    this.apiVersion = apiVersion;
    this.verify = verify;
    this.#pool = new Pool(account.endpoint.origin, { connections });
    const { identity } = account;
    this.#tokens = identity.kind === 'token' ? new Tokens(identity.credential) : undefined;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get origin(): string {
    return this.#account.endpoint.origin;
  }

  get accountName(): string {
    return this.#account.account;
  }

  /** The account as one would write it. */
  get name(): string {
    const { account, endpoint } = this.#account;
    const usual = endpoint.href === `https://${account}.blob.core.windows.net/`;
    return usual ? account : endpoint.href.replace(/\/$/, '');
  }

  #where({ container }: AzureRequest): ErrorPlace {
    return { endpoint: this.#account.endpoint.origin, bucket: container, accessKeyId: this.accountName };
  }

  /** @returns a successful answer; its body must be read or destroyed */
  async send(given: AzureRequest): Promise<AzureResponse> {
    const request = { ...given, where: this.#where(given) };
    const options = await this.#prepare(request);
    // A body that fails must be told from a connection that does.
    const body = request.body === undefined ? undefined : new SentBody(request.body);
    let answer: Dispatcher.ResponseData;
    try {
      answer = await this.#pool.request({ ...options, body: (body?.forUndici ?? null) as Uint8Array | null });
    } catch (error) {
      if (body?.failure !== undefined) throw body.failure.error;
      throw connectionError(error, request);
    }
    const { statusCode: status, headers } = answer;
    if (status < 300) return { status, headers, body: answer.body };
    throw toAnswerError(status, headers, await readError(answer.body), request);
  }

  /** For answers without a body that matters. */
  async call(request: AzureRequest): Promise<AnswerHeaders> {
    const { headers, body } = await this.send(request);
    try {
      await body.dump();
    } catch (error) {
      throw connectionError(error, request);
    }
    return headers;
  }

  async text(request: AzureRequest): Promise<string> {
    const { body } = await this.send(request);
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        bytes += chunk.byteLength;
        if (bytes > DOCUMENT_BYTES_MAX) throw tooLarge(request);
        chunks.push(chunk);
      }
    } catch (error) {
      throw connectionError(error, request);
    }
    return utf8.decode(Buffer.concat(chunks));
  }

  /**
   * Gives a body to `begin`'s sink chunk by chunk, straight from the connection.
   *
   * @param begin called once, with a successful answer's headers; what it throws ends the request
   */
  async receive(given: AzureRequest, begin: (headers: AnswerHeaders, status: number) => Sink): Promise<void> {
    const request = { ...given, where: this.#where(given) };
    const options = await this.#prepare(request);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { signal } = request;
    let sink: Sink | undefined;
    let failed: { status: number; headers: AnswerHeaders; text: string } | undefined;
    let controller: Dispatcher.DispatchController | undefined;
    const refuse = ({ status, headers, text }: NonNullable<typeof failed>): void =>
      reject(toAnswerError(status, headers, text, request));
    const abort = (): void => {
      controller?.abort(new Error('aborted'));
      // One that waits for a connection has no controller yet.
      reject(connectionError(undefined, request));
    };
    this.#pool.dispatch(options, {
      onRequestStart(started) {
        controller = started;
        if (signal?.aborted === true) started.abort(new Error('aborted'));
      },
      onResponseStart(_controller, status, headers) {
        if (status >= 300) failed = { status, headers, text: '' };
        else sink = begin(headers, status);
      },
      onResponseData(_controller, chunk) {
        if (sink !== undefined) sink(chunk);
        else if (failed !== undefined) {
          failed.text += chunk.toString();
          if (failed.text.length < ERROR_BYTES_MAX) return;
          refuse(failed);
          controller?.abort(new Error('aborted'));
        }
      },
      onResponseEnd() {
        if (failed === undefined) resolve();
        else refuse(failed);
      },
      onResponseError(_controller, error) {
        reject(connectionError(error, request));
      },
    });
    signal?.addEventListener('abort', abort);
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** The URL of a blob, as it is signed by others. */
  blobUrl(container: string, blob: string, query: Readonly<Record<string, string>> = {}): string {
    const search = new URLSearchParams(query).toString();
    return `${this.#account.endpoint.origin}${this.#path(container, blob)}${search === '' ? '' : `?${search}`}`;
  }

  /** Whether this account's URLs can be signed for others. */
  get canSign(): boolean {
    return this.#account.identity.kind === 'key';
  }

  /** @returns a URL with which anyone can do to the blob what `permissions` says */
  signUrl(container: string, blob: string, permissions: string, expiresAt: Date, version?: string): string {
    const { account, identity } = this.#account;
    if (identity.kind !== 'key') throw new TypeError('without a key nothing can be signed');
    const sas = { account, container, blob, version, permissions, expiresAt };
    const query = blobSasQuery(sas, identity.accountKey);
    return this.blobUrl(container, blob, { ...query, ...versionQuery(version) });
  }

  /** Headers that name a blob as the source of a copy, with the right to read it. */
  async sourceHeaders(container: string, blob: string, version: string | undefined): Promise<Headers> {
    const { identity } = this.#account;
    if (identity.kind === 'key') {
      const expiresAt = new Date(Date.now() + SOURCE_TTL_MS);
      return { 'x-ms-copy-source': this.signUrl(container, blob, 'r', expiresAt, version) };
    }
    const query = { ...(identity.kind === 'sas' ? identity.query : {}), ...versionQuery(version) };
    const headers: Headers = { 'x-ms-copy-source': this.blobUrl(container, blob, query) };
    if (this.#tokens !== undefined) {
      headers['x-ms-copy-source-authorization'] = `Bearer ${await this.#tokens.get()}`;
    }
    return headers;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool.destroy();
  }

  #path(container: string | undefined, blob: string | undefined): string {
    const base = this.#account.endpoint.pathname.replace(/\/$/, '');
    if (container === undefined) return `${base}/`;
    return `${base}/${container}${blob === undefined ? '' : `/${encodeBlobName(blob)}`}`;
  }

  async #prepare(request: AzureRequest): Promise<Dispatcher.RequestOptions> {
    const { method, operation, key, body, bodySize, signal } = request;
    if (this.#closed) throw new StoreError('Closed', `${this.name} was closed`, { operation, key });
    const { account, identity } = this.#account;
    const path = this.#path(request.container, request.blob);
    const query: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) query[name] = value;
    }
    const headers: Headers = {
      ...request.headers,
      'x-ms-version': this.apiVersion,
      'x-ms-date': new Date().toUTCString(),
    };
    const size = body instanceof Uint8Array ? body.byteLength : bodySize;
    if (method === 'PUT') headers['content-length'] = `${size ?? 0}`;
    if (this.verify && body instanceof Uint8Array) headers['content-md5'] = md5(body);
    if (identity.kind === 'key') {
      const signed = { method, account, path, query, headers };
      headers['authorization'] = sharedKeyAuthorization(signed, identity.accountKey);
    } else if (identity.kind === 'sas') {
      Object.assign(query, identity.query);
    } else if (this.#tokens !== undefined) {
      headers['authorization'] = `Bearer ${await this.#token(request)}`;
    }
    const search = Object.entries(query)
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join('&');
    return {
      method,
      path: search === '' ? path : `${path}?${search}`,
      headers,
      ...(signal === undefined ? {} : { signal }),
    };
  }

  async #token({ operation, key }: AzureRequest): Promise<string> {
    try {
      return (await this.#tokens?.get()) ?? '';
    } catch (error) {
      if (!isStoreError(error)) throw error;
      throw new StoreError(error.code, error.message, { operation, key, cause: error.cause });
    }
  }
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64');
}

function versionQuery(version: string | undefined): Record<string, string> {
  return version === undefined ? {} : { versionid: version };
}

/** A copy's source is read for as long as the copy takes. */
const SOURCE_TTL_MS = 24 * 3_600_000;

/** A request's body that remembers how it failed. */
class SentBody {
  readonly forUndici: Uint8Array | AsyncIterable<Uint8Array>;
  failure: { readonly error: unknown } | undefined;

  constructor(body: Uint8Array | AsyncIterable<Uint8Array>) {
    this.forUndici = body instanceof Uint8Array ? body : this.#watch(body);
  }

  async *#watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

/** Leaves a byte order mark out. */
const utf8 = new TextDecoder();

function tooLarge({ operation, key }: AzureRequest): StoreError {
  return new StoreError('Unexpected', 'An answer of Azure is far too large', { operation, key });
}

async function readError(body: Dispatcher.ResponseData['body']): Promise<string> {
  let text = '';
  try {
    for await (const chunk of body) {
      text += String(chunk);
      if (text.length > ERROR_BYTES_MAX) break;
    }
  } catch {
    // The status has said what matters.
    return text;
  }
  return text;
}

function toAnswerError(
  status: number,
  headers: AnswerHeaders,
  text: string,
  request: AzureRequest,
): StoreError {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  const code = header('x-ms-error-code') ?? textOf(text, 'Code') ?? '';
  const message = (textOf(text, 'Message') ?? '').split('\n')[0] ?? '';
  const answer = new AzureAnswer(status, code, message, header('x-ms-request-id'));
  const where = request.where && { ...request.where, clockAheadMs: clockAheadMs(header('date')) };
  return answerError(answer, { ...request, where }, header('retry-after'));
}
