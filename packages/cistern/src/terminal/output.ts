/**
 * Standard output for data: lines are gathered into large writes, and whoever prints faster than the reader reads waits. A
 * reader that goes away (`| head`) is no failure; a disk that is full is one.
 */

import { once } from 'node:events';
import { escapedJson, printableLines } from './printable.ts';

const WRITE_BYTES = 64 * 1024;

export class Output {
  readonly stream: NodeJS.WriteStream;
  /** resolves when the reader has gone away: what would be printed is for nobody */
  readonly closed: Promise<void>;
  #pending: string[] = [];
  #length = 0;
  #gone = false;
  #failure: Error | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
    this.closed = new Promise((resolve) => {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        this.#gone = true;
        if (error.code !== 'EPIPE') this.#failure ??= error;
        resolve();
      });
    });
  }

  get isTerminal(): boolean {
    return this.stream.isTTY;
  }

  /** The reader has gone away: whoever prints much can stop. */
  get isClosed(): boolean {
    return this.#gone;
  }

  /** Why what was printed is not all there, though nobody went away. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * One line, or what `end` ends. Await it where there are many: it waits for a slow reader. A terminal is not given what would
   * steer it, a pipe all bytes as they are.
   */
  line(text: string, end = '\n'): Promise<void> | void {
    return this.styled('', text, end);
  }

  /** The same, after a mark of our own, which may have colours. */
  styled(mark: string, text: string, end = '\n'): Promise<void> | void {
    this.#pending.push(mark, this.isTerminal ? printableLines(text) : text, end);
    this.#length += mark.length + text.length + 1;
    if (this.#length >= WRITE_BYTES) return this.flush();
    // What is printed now and then is seen when it is printed.
    this.#timer ??= setTimeout(() => void this.flush(), 20);
  }

  /** One line of JSON: the shapes are in docs/command-line-json.md. */
  json(value: unknown): Promise<void> | void {
    const text = JSON.stringify(value);
    return this.line(this.isTerminal ? escapedJson(text) : text);
  }

  /** Bytes as they are, after the lines so far. */
  async bytes(chunk: Uint8Array): Promise<void> {
    await this.flush();
    await this.#write(chunk);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#length === 0) return;
    const text = this.#pending.join('');
    this.#pending = [];
    this.#length = 0;
    await this.#write(text);
  }

  /** Resolves when all of it has reached the reader. */
  async end(): Promise<void> {
    await this.flush();
    if (this.#gone) return;
    // A pipe takes what is written later than it is written, and the process is about to end.
    const error = await new Promise<Error | null | undefined>((resolve) => this.stream.write('', resolve));
    if (error) await this.closed;
  }

  async #write(data: string | Uint8Array): Promise<void> {
    if (this.#gone || this.stream.write(data)) return;
    await Promise.race([once(this.stream, 'drain'), this.closed]);
  }
}
