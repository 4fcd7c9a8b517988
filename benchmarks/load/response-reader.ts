/**
 * @module Finds the end of one HTTP/1.1 answer at a time in what a socket delivers, without keeping the body.
 *
 * It may assume answers to one request at a time (no pipelining), and is no general HTTP parser.
 */

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

export class ResponseReader {
  readonly #bodiless: boolean;
  #pending: Buffer | undefined;
  #remaining = 0;
  #chunked = false;
  #tail: Buffer = Buffer.alloc(0);

  /** of the answer last completed */
  status = 0;
  /** whether the server said that it closes the connection after this answer */
  closes = false;

  /** `bodiless`: answers announce a body but have none (HEAD). */
  constructor(bodiless: boolean) {
    this.#bodiless = bodiless;
  }

  /** Takes the next bytes; true when they complete an answer. */
  push(chunk: Buffer): boolean {
    if (this.#chunked) return this.#pushChunked(chunk);
    if (this.#remaining > 0) {
      this.#remaining -= chunk.length;
      return this.#remaining <= 0;
    }
    const data = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    const end = data.indexOf(HEAD_END);
    if (end < 0) {
      this.#pending = data;
      return false;
    }
    this.#pending = undefined;
    return this.#startBody(data.toString('latin1', 0, end), data.subarray(end + HEAD_END.length));
  }

  #startBody(head: string, body: Buffer): boolean {
    this.status = Number(head.slice(9, 12));
    this.closes = /\r\nconnection: *close/i.test(head);
    if (this.#bodiless || this.status === 204 || this.status === 304) return true;
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) {
      this.#remaining = Number(length) - body.length;
      return this.#remaining <= 0;
    }
    this.#chunked = /\r\ntransfer-encoding: *chunked/i.test(head);
    return this.#chunked ? this.#pushChunked(body) : true;
  }

  // Only the last bytes tell: a server ends its answer with them and sends nothing before the next request.
  #pushChunked(chunk: Buffer): boolean {
    this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-LAST_CHUNK.length);
    if (!this.#tail.equals(LAST_CHUNK)) return false;
    this.#chunked = false;
    this.#tail = Buffer.alloc(0);
    return true;
  }
}
