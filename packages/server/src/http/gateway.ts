/**
 * The path of a request: parse into a closed union, authenticate, authorize, run the operation, encode. Every answer
 * passes here: it is sent, counted and logged in one place, and so is every error.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  authenticate,
  bucketOfHost,
  operationName,
  parseOperation,
  RawHeaders,
  refusedOperation,
  S3Error,
  withPresignedHeaders,
} from '@cistern/protocol';
import type { Authentication, S3Operation } from '@cistern/protocol';
import type { GatewayMetrics } from '../admin/metrics.ts';
import type { AdminApi } from '../admin/api.ts';
import type { AdminPages } from '../admin/pages.ts';
import type { User } from '../config.ts';
import { LIMITS } from '../limits.ts';
import { runOperation } from '../operations/index.ts';
import type { Services } from '../operations/context.ts';
import type { ThreadLogger } from '../threads/thread-logger.ts';
import { accessLine } from './access-line.ts';
import { requireUser } from './access-control.ts';
import { errorReply, toS3Error } from './error-reply.ts';
import { ClientGone } from './receive-body.ts';
import { refuseAmbiguous } from './refuse-ambiguous.ts';
import type { Reply, ReplyBody } from './reply.ts';
import { RequestBody } from './request-body.ts';
import { BrokenBody } from './send-object.ts';
import { bodyLength, sendBody } from './send-reply.ts';

export interface GatewayOptions {
  readonly services: Services;
  readonly users: ReadonlyMap<string, User>;
  readonly domains: readonly string[];
  readonly admin: AdminPages;
  readonly api: AdminApi;
  readonly logger: Pick<ThreadLogger, 'log' | 'logsInfo' | 'write'>;
  readonly metrics: GatewayMetrics;
  /** Distinguishes the request ids of threads and starts. */
  readonly idPrefix: string;
}

/** What is known of a request while it is answered. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly headers: RawHeaders;
  readonly body: RequestBody;
  readonly id: string;
  readonly startedMs: number;
  readonly method: string;
  readonly target: string;
  operation: string;
  user: string | undefined;
  sent: number;
  errorCode: string | undefined;
}

/** A client that still sends when it is answered may go on for so long without a pause of so long. */
const LINGER_MAX_MS = 30_000;
const LINGER_PAUSE_MS = 2000;

type ShortBody = Extract<ReplyBody, { kind: 'none' | 'bytes' }>;
const NO_BODY: ShortBody = { kind: 'none' };
const isShort = (body: ReplyBody): body is ShortBody => body.kind === 'none' || body.kind === 'bytes';

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #secretFor: (accessKeyId: string) => string | undefined;
  readonly #regions: readonly string[];
  #counter = 0;
  /** Answers that may go on for as long as somebody writes what they read. */
  readonly #followers = new Set<AbortController>();
  #draining = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#regions = [options.services.region];
    this.#secretFor = (id) => options.users.get(id)?.secretAccessKey;
  }

  /** From now on every answer closes its connection, and those that wait for more to come are broken off. */
  drain(): void {
    this.#draining = true;
    for (const follower of this.#followers) follower.abort();
  }

  nextRequestId(): string {
    return this.#options.idPrefix + (this.#counter++).toString(36).toUpperCase().padStart(8, '0');
  }

  /** Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Promise<void> {
    const { metrics, services } = this.#options;
    const headers = new RawHeaders(request.rawHeaders);
    const exchange: Exchange = {
      request,
      response,
      headers,
      body: new RequestBody({ request, response, headers, guard: services.guard, expectsContinue }),
      id: this.nextRequestId(),
      startedMs: performance.now(),
      method: request.method ?? '',
      target: request.url ?? '',
      operation: 'Unknown',
      user: undefined,
      sent: 0,
      errorCode: undefined,
    };
    metrics.inFlight++;
    try {
      await this.#send(exchange, await this.#reply(exchange));
    } catch (error) {
      const expected = error instanceof ClientGone || error instanceof BrokenBody;
      if (!expected) this.#logFault(exchange, error);
      exchange.errorCode ??= expected ? error.name : 'InternalError';
      response.destroy();
    } finally {
      metrics.inFlight--;
      this.#account(exchange);
    }
  }

  async #reply(exchange: Exchange): Promise<Reply> {
    try {
      const reply = await this.#run(exchange);
      // Without chunks the end of a connection is a normal end, and a broken body looks whole.
      if (
        reply.body.kind === 'pieces' &&
        reply.body.length === null &&
        exchange.request.httpVersion === '1.0'
      )
        throw new S3Error('InvalidRequest', 'What is still growing can be followed with HTTP/1.1 only.');
      return reply;
    } catch (cause) {
      return this.#explain(exchange, cause);
    }
  }

  #explain(exchange: Exchange, cause: unknown): Reply {
    if (cause instanceof ClientGone) throw cause;
    const { error, internal } = toS3Error(cause);
    if (internal) this.#logFault(exchange, cause);
    exchange.errorCode = error.code;
    const resource = exchange.target.split('?', 1)[0] ?? '';
    return errorReply(error, { method: exchange.method, resource, requestId: exchange.id });
  }

  async #run(exchange: Exchange): Promise<Reply> {
    const { method, target, headers } = exchange;
    const { services, domains } = this.#options;
    refuseAmbiguous(exchange.request, exchange.response, headers);
    // A bucket that the host names may have such keys.
    if (target.startsWith('/-/') && bucketOfHost(headers.get('host'), domains) === undefined) {
      exchange.operation = 'Admin';
      return this.#runAdmin(exchange);
    }
    const asked = { method, target, headers, domains };
    let operation: S3Operation;
    try {
      operation = parseOperation(asked);
    } catch (error) {
      exchange.operation = refusedOperation(asked) ?? exchange.operation;
      throw error;
    }
    exchange.operation = operationName(operation);
    if (operation.name === 'Unsupported') {
      throw new S3Error('NotImplemented', `${operation.operation} is not implemented.`);
    }
    const { authentication, user } = this.#authenticate(exchange);
    const presigned = authentication.kind === 'signed' && authentication.presigned;
    const effective = presigned ? withPresignedHeaders(headers, operation.query) : headers;
    exchange.body.headers = effective;
    return runOperation({ services, operation, user, headers: effective, body: exchange.body });
  }

  /** What is not S3: pages for everybody, and the API for root. */
  #runAdmin(exchange: Exchange): Promise<Reply> {
    const { method, target, body } = exchange;
    const { admin, api } = this.#options;
    if (!target.startsWith('/-/api/')) return admin.reply(method, target);
    const { user } = this.#authenticate(exchange);
    if (!body.finished) throw new S3Error('InvalidRequest', 'A request to the API has no body.');
    return api.reply(method, target, user);
  }

  /** @throws S3Error for a signature that is not right, and for none */
  #authenticate(exchange: Exchange): { authentication: Authentication; user: User } {
    const { method, target, headers, body } = exchange;
    const { services, users } = this.#options;
    const authentication = authenticate(
      { method, target, headers },
      { now: services.now(), regions: this.#regions, secretFor: this.#secretFor },
    );
    const user = requireUser(this.#userOf(authentication, users));
    exchange.user = user.name;
    if (authentication.kind === 'signed') {
      body.payload = authentication.payload;
      body.chunkContext = authentication.chunkContext;
    }
    return { authentication, user };
  }

  #userOf(authentication: Authentication, users: ReadonlyMap<string, User>): User | undefined {
    return authentication.kind === 'signed' ? users.get(authentication.accessKeyId) : undefined;
  }

  async #send(exchange: Exchange, reply: Reply): Promise<void> {
    const { response, body, method } = exchange;
    const { headers } = reply;
    headers.push('x-amz-request-id', exchange.id, 'x-amz-id-2', exchange.id, 'Server', 'Cistern');
    const content = reply.body;
    const isLast = this.#draining || body.withheld || !response.shouldKeepAlive;
    // Of a little the rest is discarded behind the answer, unless Node ends the connection with that.
    const sendsOn = isLast ? !body.finished : body.leavesMoreThan(LIMITS.discardBytesMax);
    const lingers = isShort(content) && !body.withheld && sendsOn;
    if (isLast || lingers) headers.push('Connection', 'close');
    const length = reply.contentLength ?? bodyLength(content);
    if (reply.status !== 204 && reply.status !== 304 && length !== null)
      headers.push('Content-Length', String(length));
    const begin = (): void => {
      response.writeHead(reply.status, headers);
    };
    if (lingers) {
      begin();
      exchange.sent = this.#endSoon(exchange, method === 'HEAD' ? NO_BODY : content);
      return;
    }
    let failure: Reply | undefined;
    try {
      // An object's head waits for its first bytes: while nothing was sent, what goes wrong can be answered.
      if (method === 'HEAD' || content.kind !== 'object') begin();
      if (method === 'HEAD') response.end();
      else {
        exchange.sent = await sendBody(response, content, {
          begin,
          source: this.#options.services,
          explain: (cause) => this.#explain(exchange, cause),
          followers: this.#followers,
          draining: this.#draining,
        });
      }
    } catch (cause) {
      if (content.kind !== 'object' || response.headersSent || response.destroyed) throw cause;
      failure = this.#explain(exchange, cause);
    } finally {
      if (content.kind === 'object') content.open.release();
    }
    if (failure !== undefined) return this.#send(exchange, failure);
    if (!body.finished && !(await body.discard(LIMITS.discardBytesMax))) this.#closeSoon(exchange.request);
  }

  /**
   * The same for an answer that says that the connection ends with it, which Node sees to as soon as it is ended: a client that
   * is not told would send its next request behind its body. Returns the bytes sent.
   */
  #endSoon({ request, response }: Exchange, content: ShortBody): number {
    afterLast(request, () => void (response.writableEnded || response.end()));
    if (content.kind === 'none') {
      response.flushHeaders();
      return 0;
    }
    response.write(content.bytes);
    return content.bytes.length;
  }

  /** Of an answer that is sent: the connection goes when the client has had the time to read it. */
  #closeSoon(request: IncomingMessage): void {
    const { socket } = request;
    socket.end();
    afterLast(request, () => socket.destroy());
  }

  #logFault(exchange: Exchange, error: unknown): void {
    this.#options.logger.log.error(
      { requestId: exchange.id, operation: exchange.operation, err: error },
      'request failed',
    );
  }

  #account(exchange: Exchange): void {
    const { metrics, logger } = this.#options;
    const durationMs = performance.now() - exchange.startedMs;
    const { operation, response, body, sent, errorCode } = exchange;
    const status = response.statusCode;
    metrics.request({
      operation,
      status,
      durationMs,
      receivedBytes: body.received,
      sentBytes: sent,
      errorCode,
    });
    if (operation === 'Admin' || !logger.logsInfo) return;
    const { id: requestId, method, target, user } = exchange;
    const client = exchange.request.socket.remoteAddress;
    const { received } = body;
    logger.write(
      accessLine(
        { requestId, method, target, operation, status, errorCode, user, received, sent, durationMs, client },
        Date.now(),
      ),
    );
  }
}

/** Drops what a client still sends: a reset by the system would take the answer from its hands. */
function afterLast(request: IncomingMessage, then: () => void): void {
  const finish = (): void => {
    clearTimeout(pause);
    clearTimeout(last);
    then();
  };
  const pause = setTimeout(finish, LINGER_PAUSE_MS).unref();
  const last = setTimeout(finish, LINGER_MAX_MS).unref();
  request.on('data', () => pause.refresh());
  request.once('end', finish).once('close', finish);
  request.resume();
}
