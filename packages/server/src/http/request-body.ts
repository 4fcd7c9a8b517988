/**
 * The body of one request, read at most once and only after authorization: a client that sent `Expect: 100-continue`
 * is told to go on here. Takes aws-chunked framing off and holds bodies to their length; digests are for who takes them.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createChunkedDecoder, S3Error } from '@cistern/protocol';
import type { ChunkSigningContext, PayloadMode, RawHeaders } from '@cistern/protocol';
import { ClientGone, receiveBody } from './receive-body.ts';
import type { ChunkTaker } from './receive-body.ts';
import type { ThroughputGuard } from './throughput-guard.ts';

const NO_TRAILERS: ReadonlyMap<string, string> = new Map();

export interface RequestBodyOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly headers: RawHeaders;
  readonly guard: ThroughputGuard;
  readonly expectsContinue: boolean;
}

export interface PayloadTaker extends ChunkTaker {
  /** Told after each chunk how many bytes of the payload are known to come from who signed. */
  verified?(bytes: number): void;
}

export class RequestBody {
  readonly #options: RequestBodyOptions;
  /** What the signature vouches for; set by the gateway once the request is authenticated. */
  payload: PayloadMode = { kind: 'unsigned' };
  chunkContext: ChunkSigningContext | undefined;
  /** With those that a presigned URL carries in its query; set by the gateway, too. */
  headers: RawHeaders;
  received = 0;
  #begun = false;
  #whole = false;

  constructor(options: RequestBodyOptions) {
    this.#options = options;
    this.headers = options.headers;
  }

  /** False: the connection must not be used again, or the rest of the body be discarded first. */
  get finished(): boolean {
    return this.#whole || (!this.#begun && !this.#announced());
  }

  /** Whether more is known to be left than `bytes`: for an answer that is sent before the rest is discarded. */
  leavesMoreThan(bytes: number): boolean {
    const length = this.#options.headers.get('content-length');
    return !this.finished && length !== undefined && Number(length) - this.received > bytes;
  }

  /** Whether the client waits for permission to send and was not given it. */
  get withheld(): boolean {
    return this.#options.expectsContinue && !this.#begun;
  }

  #announced(): boolean {
    const { headers } = this.#options;
    return headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0';
  }

  /**
   * Hands the payload over in slices, as `receiveBody` does, and resolves to the trailers when all of it has come and
   * its framing, its chunk signatures and its length are right.
   *
   * @param length of the payload in bytes, which the body must have exactly; null: it ends where it ends
   * @param live a body that may pause for as long as it likes
   */
  async receive(
    length: number | null,
    taker: PayloadTaker,
    { live = false } = {},
  ): Promise<ReadonlyMap<string, string>> {
    const { request, response, expectsContinue } = this.#options;
    const guard = live ? undefined : this.#options.guard;
    this.#begun = true;
    if (expectsContinue) response.writeContinue();
    if (this.payload.kind !== 'chunked') {
      await this.#receivePlain(length, taker, guard);
      return NO_TRAILERS;
    }
    const decoder = createChunkedDecoder({
      signed: this.chunkContext,
      trailer: this.payload.trailer,
      decodedLength: length,
      announcedTrailers: announcedTrailers(this.headers),
    });
    await this.#whileWhole(receiveBody(request, guard, new ChunkedTaker(this, decoder, taker)));
    return decoder.end().trailers;
  }

  async #receivePlain(
    length: number | null,
    taker: PayloadTaker,
    guard: ThroughputGuard | undefined,
  ): Promise<void> {
    const { request } = this.#options;
    await this.#whileWhole(receiveBody(request, guard, new PlainTaker(this, length, taker)));
    if (length !== null && this.received !== length) throw new S3Error('IncompleteBody');
  }

  async #whileWhole(receiving: Promise<void>): Promise<void> {
    await receiving;
    this.#whole = true;
  }

  /**
   * Reads and drops what is left of the body: of a refused request, so that the client, still sending, gets to see the
   * answer; or of one that has no use for it. Resolves to whether all of it has come, and the connection can be used again.
   */
  async discard(bytesMax: number): Promise<boolean> {
    const { request, guard } = this.#options;
    if (this.finished) return true;
    if (this.withheld || request.destroyed) return false;
    let dropped = 0;
    try {
      await receiveBody(request, guard, {
        take: (chunk) => {
          dropped += chunk.length;
          if (dropped > bytesMax) throw new ClientGone();
          return undefined;
        },
        keeps: false,
      });
      this.#whole = true;
      return true;
    } catch {
      return false;
    }
  }
}

/*
 * Classes, not literals: for a literal with a getter V8 makes a hidden class each time, in the old generation, and through
 * the getter that keeps the whole request from being collected with the young.
 */

class PlainTaker implements ChunkTaker {
  readonly #body: RequestBody;
  readonly #length: number | null;
  readonly #taker: PayloadTaker;

  constructor(body: RequestBody, length: number | null, taker: PayloadTaker) {
    this.#body = body;
    this.#length = length;
    this.#taker = taker;
  }

  get keeps(): boolean {
    return this.#taker.keeps;
  }

  take(chunk: Buffer): Promise<void> | undefined {
    const received = (this.#body.received += chunk.length);
    if (this.#length !== null && received > this.#length)
      throw new S3Error('IncompleteBody', 'The body is longer than the length that was announced');
    const wait = this.#taker.take(chunk);
    this.#taker.verified?.(received);
    return wait;
  }
}

class ChunkedTaker implements ChunkTaker {
  readonly #body: RequestBody;
  readonly #decoder: ReturnType<typeof createChunkedDecoder>;
  readonly #taker: PayloadTaker;

  constructor(body: RequestBody, decoder: ReturnType<typeof createChunkedDecoder>, taker: PayloadTaker) {
    this.#body = body;
    this.#decoder = decoder;
    this.#taker = taker;
  }

  get keeps(): boolean {
    return this.#taker.keeps;
  }

  take(chunk: Buffer): Promise<void> | undefined {
    this.#body.received += chunk.length;
    const wait = takeAll(this.#decoder.push(chunk), this.#taker);
    this.#taker.verified?.(this.#decoder.verified);
    return wait;
  }
}

function announcedTrailers(headers: RawHeaders): string[] {
  return (headers.get('x-amz-trailer') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

function takeAll(slices: readonly Buffer[], taker: ChunkTaker): Promise<void> | undefined {
  for (const [i, slice] of slices.entries()) {
    const wait = taker.take(slice);
    if (wait !== undefined)
      return i + 1 < slices.length ? wait.then(() => takeAll(slices.slice(i + 1), taker)) : wait;
  }
  return undefined;
}
