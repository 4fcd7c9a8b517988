/**
 * @module A reader of an upload that is still written, which looks at every byte as it comes and keeps none: for uploads
 * and crowds of readers that no test could hold.
 *
 * It is on a socket of its own: an HTTP client allocates what it reads, which takes five times as long as checking it.
 */

import { connect } from 'node:net';
import type { Socket } from 'node:net';

import { ChunkedBody } from './chunked-body.ts';
import { formatHead } from './raw-http.ts';
import type { S3 } from './s3.ts';

/** Is given every byte, in order, in pieces that it must not keep. What it throws ends the reader. */
export interface Checker {
  update(piece: Buffer): unknown;
}

/** Of all readers: what a socket reads has been looked at before the next one reads. */
const BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

export class CheckedFollower {
  received = 0;
  /** Resolves at a normal end; rejects when the body breaks, or is not what it should be. */
  readonly ended: Promise<void>;
  readonly #end = Promise.withResolvers<void>();
  readonly #checker: Checker;
  readonly #socket: Socket;
  /** The answer's first lines; undefined once all of them have come. */
  #head: string | undefined = '';
  readonly #body = new ChunkedBody();
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];

  constructor(s3: S3, { path, uploadId, checker }: { path: string; uploadId: string; checker: Checker }) {
    this.#checker = checker;
    this.ended = this.#end.promise;
    this.ended.catch(() => undefined);
    const query = `cistern-upload=${uploadId}`;
    const get = s3.prepare('GET', path, { query, headers: { 'x-cistern-follow': 'true' } });
    const { hostname, port } = new URL(s3.endpoint);
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      onread: { buffer: BUFFER, callback: (length) => this.#read(BUFFER.subarray(0, length)) },
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error(`the body ended after ${this.received} bytes`)));
    this.#socket.write(formatHead('GET', get.target, get.headers));
  }

  /** Resolves when so many bytes have come; rejects when the body ends before. */
  async until(length: number): Promise<void> {
    while (this.received < length) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Reads no more, until it is told to. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #read(bytes: Buffer): boolean {
    try {
      this.#body.push(this.#head === undefined ? bytes : this.#readHead(bytes), (piece) => {
        this.#checker.update(piece);
        this.received += piece.length;
      });
    } catch (error) {
      this.#fail(error as Error);
    }
    if (this.#body.ended) {
      this.#end.resolve();
      this.#socket.destroy();
    }
    this.#wake();
    return true;
  }

  /** @returns what comes after it */
  #readHead(bytes: Buffer): Buffer {
    const before = this.#head?.length ?? 0;
    const head = this.#head + bytes.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    this.#head = end < 0 ? head : undefined;
    if (end < 0) return bytes.subarray(bytes.length);
    if (!/^HTTP\/1\.1 200 [^]*^transfer-encoding: chunked\r$/im.test(head)) throw new Error(head);
    return bytes.subarray(end + 4 - before);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#end.reject(error);
    this.#socket.destroy();
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
