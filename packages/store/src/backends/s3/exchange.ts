/**
 * One HTTP exchange on an undici dispatcher, with a handler of our own: no streams, no copies, few allocations. It knows
 * nothing of S3; failures of the network come out as undici made them, aborts as the signal's reason.
 */

import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { sentSlices } from '../../sent-slices.ts';
import { BodyQueue } from './body-queue.ts';

export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface HttpRequest {
  readonly method: string;
  /** path and query as on the request line */
  readonly target: string;
  /** names and values in turn, `host` included; values are latin1 */
  readonly headers: string[];
  readonly body?: Uint8Array | undefined;
  /** told how many bytes of the body were sent, now and then */
  readonly onSent?: ((position: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A response whose body is in memory. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: Uint8Array;
}

/** A response whose body is on its way. */
export interface HttpStream {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: BodyQueue;
}

/**
 * Called with the head of a response: returns what takes the chunks of its body. They are views of network buffers that
 * nobody else uses. Without a taker the body is collected. What either throws ends the exchange and rejects it.
 */
export type Accept = (status: number, headers: ResponseHeaders) => ((chunk: Uint8Array) => void) | undefined;

/** An answer that is collected is a document, also one that says no: nothing of S3's is larger. Bytes. */
const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024;
const EMPTY = new Uint8Array(0);

/** Sends a request and takes the whole answer; `body` is empty where `accept` took it. */
export function exchange(dispatcher: Dispatcher, request: HttpRequest, accept?: Accept): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    start(dispatcher, request, new Collected(request.signal, accept, resolve, reject));
  });
}

/** Sends a request; resolves with the head of the answer when it is a success, and with all of it otherwise. */
export function exchangeStream(
  dispatcher: Dispatcher,
  request: HttpRequest,
): Promise<HttpAnswer | HttpStream> {
  return new Promise((resolve, reject) => {
    start(dispatcher, request, new Streamed(request.signal, resolve, reject));
  });
}

function start(dispatcher: Dispatcher, request: HttpRequest, handler: Handler): void {
  const { body, onSent } = request;
  const tells = body !== undefined && onSent !== undefined;
  try {
    dispatcher.dispatch(
      {
        method: request.method,
        path: request.target,
        // What comes in slices would go without its length.
        headers: tells ? [...request.headers, 'content-length', `${body.byteLength}`] : request.headers,
        body: tells ? (sentSlices(body, onSent) as unknown as Readable) : (body ?? null),
        // Without it undici closes the connection after each HEAD.
        reset: false,
      },
      handler,
    );
  } catch (error) {
    handler.fail(error);
  }
}

function tooLarge(): RangeError {
  return new RangeError('The answer is far too large');
}

/** What both kinds have in common: the signal, and that the outcome is told once. */
abstract class Handler implements Dispatcher.DispatchHandler {
  protected controller: Dispatcher.DispatchController | undefined;
  protected settled = false;
  readonly #signal: AbortSignal | undefined;
  readonly #reject: (error: unknown) => void;
  readonly #onAbort: (() => void) | undefined;

  constructor(signal: AbortSignal | undefined, reject: (error: unknown) => void) {
    this.#signal = signal;
    this.#reject = reject;
    if (signal === undefined) return;
    this.#onAbort = () => this.fail(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // Aborted while it waited for a connection.
    if (this.settled) controller.abort(new Error('aborted'));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  /** Ends the exchange and its connection. */
  fail(error: unknown): void {
    if (this.settled) return;
    this.finish();
    this.broken(error);
    this.controller?.abort(error instanceof Error ? error : new Error('aborted', { cause: error }));
  }

  protected broken(error: unknown): void {
    this.#reject(error);
  }

  protected finish(): void {
    this.settled = true;
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}

class Collected extends Handler {
  readonly #accept: Accept | undefined;
  readonly #resolve: (answer: HttpAnswer) => void;
  #status = 0;
  #headers: ResponseHeaders = {};
  #take: ((chunk: Uint8Array) => void) | undefined;
  #first: Uint8Array | undefined;
  #more: Uint8Array[] | undefined;
  #bytes = 0;

  constructor(
    signal: AbortSignal | undefined,
    accept: Accept | undefined,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    super(signal, reject);
    this.#accept = accept;
    this.#resolve = resolve;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ResponseHeaders,
  ): void {
    // 100 Continue and the like come before the answer.
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (this.#accept === undefined) return;
    try {
      this.#take = this.#accept(status, headers);
    } catch (error) {
      this.fail(error);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.settled) return;
    if (this.#take !== undefined) {
      try {
        this.#take(chunk);
      } catch (error) {
        this.fail(error);
      }
      return;
    }
    this.#bytes += chunk.byteLength;
    if (this.#first === undefined) this.#first = chunk;
    else (this.#more ??= [this.#first]).push(chunk);
    if (this.#bytes > DOCUMENT_BYTES_MAX) this.fail(tooLarge());
  }

  onResponseEnd(): void {
    if (this.settled) return;
    this.finish();
    const body = this.#more === undefined ? (this.#first ?? EMPTY) : Buffer.concat(this.#more);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }
}

class Streamed extends Handler {
  readonly #resolve: (answer: HttpAnswer | HttpStream) => void;
  #status = 0;
  #headers: ResponseHeaders = {};
  #queue: BodyQueue | undefined;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(
    signal: AbortSignal | undefined,
    resolve: (answer: HttpAnswer | HttpStream) => void,
    reject: (error: unknown) => void,
  ) {
    super(signal, reject);
    this.#resolve = resolve;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: ResponseHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (status >= 300) return;
    this.#queue = new BodyQueue({
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      leave: () => this.fail(new Error('The body was left')),
    });
    this.#resolve({ status, headers, body: this.#queue });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.settled) return;
    if (this.#queue !== undefined) {
      this.#queue.push(chunk);
      return;
    }
    this.#bytes += chunk.byteLength;
    this.#chunks.push(chunk);
    if (this.#bytes > DOCUMENT_BYTES_MAX) this.fail(tooLarge());
  }

  onResponseEnd(): void {
    if (this.settled) return;
    this.finish();
    if (this.#queue !== undefined) this.#queue.end();
    else {
      this.#resolve({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks) });
    }
  }

  protected override broken(error: unknown): void {
    if (this.#queue === undefined) super.broken(error);
    else this.#queue.fail(error);
  }
}
