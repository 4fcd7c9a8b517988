/** The HTTP(S) server of one gateway thread: limits, time-outs, errors below HTTP, and an orderly end. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { encodeError, S3Error } from '@cistern/protocol';
import type { GatewayMetrics } from '../admin/metrics.ts';
import { LIMITS } from '../limits.ts';
import type { Gateway } from './gateway.ts';
import { InOrder } from './in-order.ts';
import { LeanRequest } from './lean-request.ts';
import { http, https } from './node-http.ts';

/** What answers the requests. */
export type Handler = Pick<Gateway, 'handle' | 'nextRequestId' | 'drain'>;

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Share the port with the other threads. */
  readonly reusePort: boolean;
  readonly gateway: Handler;
  readonly metrics: GatewayMetrics;
  /** For so long an answer may be stuck before its connection is closed; 0: for ever. */
  readonly stalledMs: number;
}

export interface Listener {
  readonly port: number;
  /** Takes no new connections, lets requests in flight finish for up to `drainMs`, then closes what is left. */
  close(drainMs: number): Promise<void>;
}

const HTTP_OPTIONS = {
  IncomingMessage: LeanRequest,
  // Whatever flags the process was started with: a lenient parser sees requests where a proxy sees their bodies.
  insecureHTTPParser: false,
  maxHeaderSize: LIMITS.headerBytesMax,
  headersTimeout: LIMITS.headersMs,
  // A time limit on whole requests would end long uploads: bodies are held to a pace instead.
  requestTimeout: 0,
  keepAliveTimeout: LIMITS.keepAliveMs,
  connectionsCheckingInterval: 5000,
  noDelay: true,
  // A live upload and its followers may be silent for as long as they like: the system finds out who is not there any more.
  keepAlive: true,
  keepAliveInitialDelay: LIMITS.probeMs,
  // Most requests have no body: theirs is not made a stream, which is 3 % of a GET.
  optimizeEmptyRequests: true,
  // Of each body that waits for the disk so much is held beside its slabs: with 256 KiB, 10 MB more for a hundred uploads.
  highWaterMark: 128 * 1024,
} as const;

export async function listen(options: ListenOptions): Promise<Listener> {
  const { gateway, metrics, tls } = options;
  // The parser drops what it has read beyond a request that offers an upgrade: such a connection ends with its answer.
  const offers = new WeakSet<IncomingMessage>();
  const shouldUpgradeCallback = (request: IncomingMessage): boolean => {
    offers.add(request);
    return false;
  };
  const settings = { ...HTTP_OPTIONS, shouldUpgradeCallback };
  const server: Server =
    tls === null ? http.createServer(settings) : createEncrypted({ ...settings, ...tls });
  // A client that ends its direction after the request still reads. Node.js has the switch and does not document it.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  server.maxHeadersCount = LIMITS.headerCountMax;
  server.maxConnections = LIMITS.connectionsMax;
  const inOrder = new InOrder(LIMITS.pipelinedMax);
  const handle = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void => {
    if (offers.has(request)) {
      response.shouldKeepAlive = false;
      tellOfCut(server, request);
    }
    inOrder.run(request, response, () => void gateway.handle(request, response, expectsContinue));
  };
  server.on('request', (request, response) => handle(request, response, false));
  server.on('checkContinue', (request, response) => handle(request, response, true));
  // S3 passes over an expectation that it does not know; Node.js alone would answer 417 without a body or a log line.
  server.on('checkExpectation', (request, response) => handle(request, response, false));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // The next request is not late while the server is busy with the one before it.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && !inOrder.idle(socket)) return;
    if (error.code === 'ECONNRESET') socket.destroy();
    else inOrder.afterGood(socket, () => answerClientError(gateway, error, socket));
  });
  // Set by Node to `keepAliveTimeout` while a connection is idle. The guard sees only what is streamed: a client that
  // takes no small answers would hold its connection, and what was written to it, for ever.
  server.timeout = options.stalledMs;
  server.on('timeout', (socket: Socket) => {
    if (inOrder.waitsForClient(socket)) socket.destroy();
  });
  server.on('connection', (socket: Socket) => {
    metrics.connections++;
    socket.once('close', () => metrics.connections--);
  });
  if (tls === null) server.on('connection', (socket: Socket) => socket.once('end', () => probeEnded(socket)));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(
      { host: options.host, port: options.port, reusePort: options.reusePort, backlog: 4096 },
      () => {
        server.off('error', reject);
        resolve();
      },
    );
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: (drainMs) => close(server, gateway, drainMs),
  };
}

/** Of a request that offers an upgrade Node's parser keeps to itself that its body was cut short. */
function tellOfCut(server: Server, request: IncomingMessage): void {
  const { socket } = request;
  const onEnd = (): void => {
    if (request.complete) return;
    const error = Object.assign(new Error('The body ends before its length'), {
      code: 'HPE_INVALID_EOF_STATE',
    });
    server.emit('clientError', error, socket);
  };
  socket.once('end', onEnd);
  request.once('close', () => socket.off('end', onEnd));
}

/**
 * Such a client may as well be gone, and what is reset is not noticed any more where nothing is read. A write of nothing
 * sends nothing, and fails then. What waits to be written notices by itself.
 */
function probeEnded(socket: Socket): void {
  if (socket.writableEnded) return;
  socket.setKeepAlive(true, LIMITS.probeEndedMs);
  const probe = setInterval(() => {
    if (socket.writable && socket.writableLength === 0) socket.write('');
  }, LIMITS.probeEndedMs);
  socket.once('close', () => clearInterval(probe));
}

/** Over TLS a write of nothing never comes to the system. */
function endSilent(socket: Socket): void {
  let written = socket.bytesWritten;
  const look = setInterval(() => {
    if (socket.bytesWritten === written) socket.destroy();
    written = socket.bytesWritten;
  }, LIMITS.endedSilentMs);
  socket.once('close', () => clearInterval(look));
}

/**
 * Node.js pauses the parser of a connection on which more than its high-water mark is to be written. One read of TLS
 * gives the parser several records, also once it is paused: it then refuses the next request as no HTTP. Here requests
 * wait for one another and answers are bounded, so no connection needs that pause.
 */
function createEncrypted(options: ServerOptions): Server {
  const server = https().createServer({ ...options, handshakeTimeout: LIMITS.headersMs });
  server.on('secureConnection', (socket) => {
    const { _writableState: state } = socket as unknown as { _writableState: { highWaterMark: number } };
    // There is no other way in: Node.js gives a TLS server's sockets the default.
    state.highWaterMark = Infinity;
    // As `node:http` has it from the start; here one that ends before the handshake has nothing to wait for.
    socket.allowHalfOpen = true;
    socket.once('end', () => endSilent(socket));
  });
  return server;
}

async function close(server: Server, gateway: Handler, drainMs: number): Promise<void> {
  gateway.drain();
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), drainMs);
    // Connections that end their last request meanwhile are idle until the next look.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(force);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** What the parser refused never became a request: answered by hand, in S3's form. */
function answerClientError(gateway: Handler, cause: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const error = clientError(cause.code);
  const requestId = gateway.nextRequestId();
  const xml = encodeError({ error, resource: '', requestId, hostId: requestId });
  socket.end(
    `HTTP/1.1 ${error.status} Bad Request\r\nConnection: close\r\nContent-Type: application/xml\r\n` +
      `x-amz-request-id: ${requestId}\r\nContent-Length: ${Buffer.byteLength(xml)}\r\n\r\n${xml}`,
  );
  setTimeout(() => socket.destroy(), 1000).unref();
}

function clientError(code: string | undefined): S3Error {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new S3Error('RequestHeaderSectionTooLarge');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new S3Error('RequestTimeout');
    default:
      return new S3Error('InvalidRequest', 'The request is not valid HTTP.');
  }
}
