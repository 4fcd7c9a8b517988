/**
 * @module One HTTP/1.1 connection over which a test sends any bytes: malformed, partial, slow, pipelined.
 *
 * It is not an HTTP client: it adds nothing to what the test sends, follows nothing, and keeps no pool. It reads
 * answers framed by Content-Length, by chunks, or by the end of the connection.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface RawResponse {
  status: number;
  /** lower-case names; values of duplicates joined by `, ` */
  headers: Map<string, string>;
  body: Buffer;
}

/** Ten seconds without the answer that a test waits for is a failure, not a wait for ever. */
const READ_TIMEOUT_MS = 10_000;

export class RawConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  /** set while bytes are counted and not kept */
  #drained: number | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      if (this.#drained !== undefined) this.#drained += bytes.length;
      else this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake?.();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('end', end);
    socket.on('close', end);
    // A reset by the server is one way of ending; tests ask for `closed`, not for how.
    socket.on('error', end);
  }

  /** @param endpoint `http://host:port`, or `https:` with the certificate that vouches for it */
  static async open(endpoint: string, authority?: string): Promise<RawConnection> {
    const { hostname, port, protocol } = new URL(endpoint);
    const secure = protocol === 'https:';
    const plain = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: secure });
    const ca = authority === undefined ? {} : { ca: authority };
    const socket = secure ? connectTls({ socket: plain, host: hostname, ...ca }) : plain;
    await once(socket, secure ? 'secureConnect' : 'connect');
    return new RawConnection(socket);
  }

  /** Sends bytes as they are; strings are latin1. Resolves when the kernel has them, or the connection has ended. */
  async send(bytes: string | Buffer): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    await new Promise<void>((resolve) => {
      this.#socket.write(data, () => resolve());
    });
  }

  /** Resolves once something has come that was not read yet. */
  async started(): Promise<void> {
    while (this.#received.length === 0) await this.#moreOrThrow();
  }

  /** Stops reading, so that the server's bytes pile up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Half-closes: no more bytes will come from us. */
  finish(): void {
    this.#socket.end();
  }

  /** Vanishes at once, as a client that crashes does. */
  abort(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Resolves once the server has ended the connection. */
  async closed(): Promise<void> {
    while (!this.#ended) await this.#more();
  }

  /** Counts what is unread and what still comes, until the server ends the connection. */
  async drain(): Promise<number> {
    this.#drained = this.#received.length;
    await this.closed();
    return this.#drained;
  }

  /** Reads one answer; `bodyless` for those to HEAD. An interim one (1xx) is an answer of its own. */
  async read({ bodyless = false }: { bodyless?: boolean } = {}): Promise<RawResponse> {
    let end: number;
    while ((end = this.#received.indexOf('\r\n\r\n')) < 0) await this.#moreOrThrow();
    const lines = this.#take(end + 4)
      .toString('latin1')
      .trimEnd()
      .split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(lines[0] ?? '')?.[1]);
    const headers = new Map<string, string>();
    for (const line of lines.slice(1)) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      const earlier = headers.get(name);
      headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
    }
    const empty = bodyless || status < 200 || status === 204 || status === 304;
    return { status, headers, body: empty ? Buffer.alloc(0) : await this.#readBody(headers) };
  }

  async #readBody(headers: Map<string, string>): Promise<Buffer> {
    if (headers.get('transfer-encoding') === 'chunked') return this.#readChunks();
    const length = headers.get('content-length');
    if (length === undefined) {
      await this.closed();
      return this.#take(this.#received.length);
    }
    while (this.#received.length < Number(length)) await this.#moreOrThrow();
    return this.#take(Number(length));
  }

  async #readChunks(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (;;) {
      let end: number;
      while ((end = this.#received.indexOf('\r\n')) < 0) await this.#moreOrThrow();
      const size = Number.parseInt(this.#take(end + 2).toString('latin1'), 16);
      while (this.#received.length < size + 2) await this.#moreOrThrow();
      const chunk = this.#take(size + 2);
      if (size === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, size));
    }
  }

  #take(length: number): Buffer {
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  async #moreOrThrow(): Promise<void> {
    if (this.#ended)
      throw new Error(`the connection ended within an answer: ${this.#received.toString('latin1', 0, 600)}`);
    await this.#more();
  }

  async #more(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      timer = setTimeout(() => reject(new Error('no answer from the server in time')), READ_TIMEOUT_MS);
    }).finally(() => clearTimeout(timer));
    this.#wake = undefined;
  }
}

/** Formats a request head as it stands on the wire, with nothing added. */
export function formatHead(
  method: string,
  target: string,
  headers: readonly (readonly [string, string])[],
): string {
  return `${method} ${target} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
