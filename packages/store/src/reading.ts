/** What `Store.get` gives: an object being read, with the ways in which people take a body. */

import { collect } from './body.ts';
import type { ObjectInfo, ObjectRead } from './object-store.ts';

const decoder = new TextDecoder();

/** An object being read. Its body can be taken once, in one of these ways; not taken to the end it must be closed. */
export class Reading implements ObjectRead, AsyncIterable<Uint8Array> {
  readonly #read: ObjectRead;

  constructor(read: ObjectRead) {
    this.#read = read;
  }

  get info(): ObjectInfo {
    return this.#read.info;
  }

  get range(): { readonly start: number; readonly end: number } {
    return this.#read.range;
  }

  get body(): AsyncIterable<Uint8Array> {
    return this.#read.body;
  }

  /** The whole body in memory. */
  bytes(): Promise<Uint8Array> {
    return collect(this.#read.body);
  }

  /** The whole body as UTF-8. */
  async text(): Promise<string> {
    return decoder.decode(await this.bytes());
  }

  /** The whole body as JSON. @throws {SyntaxError} */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text()) as unknown;
  }

  /** The body as a web stream of bytes, which takes a chunk when one is asked for. */
  stream(): ReadableStream<Uint8Array> {
    const chunks = this.#read.body[Symbol.asyncIterator]();
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const next = await chunks.next();
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        },
        async cancel() {
          await chunks.return?.();
        },
      },
      { highWaterMark: 0 },
    );
  }

  close(): Promise<void> {
    return this.#read.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#read.body[Symbol.asyncIterator]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#read.close();
  }
}

/** A `Reading` that is on its way: can be awaited, or taken at once: `await store.get('a').text()`. */
export class PendingRead implements Promise<Reading> {
  readonly [Symbol.toStringTag] = 'PendingRead';
  readonly #reading: Promise<Reading>;

  constructor(read: Promise<ObjectRead>) {
    this.#reading = read.then((one) => new Reading(one));
  }

  async bytes(): Promise<Uint8Array> {
    return (await this.#reading).bytes();
  }

  async text(): Promise<string> {
    return (await this.#reading).text();
  }

  async json(): Promise<unknown> {
    return (await this.#reading).json();
  }

  /** The object is opened when the stream is first read; an error shows there. */
  stream(): ReadableStream<Uint8Array> {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    const open = async (): Promise<ReadableStreamDefaultReader<Uint8Array>> =>
      (reader ??= (await this.#reading).stream().getReader());
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await (await open()).read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        async cancel(reason) {
          await (await open()).cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** `for await (const chunk of store.get('a'))`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    yield* await this.#reading;
  }

  // oxlint-disable-next-line unicorn/no-thenable
  then<A = Reading, B = never>(
    onFulfilled?: ((reading: Reading) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#reading.then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<Reading | B> {
    return this.#reading.catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Reading> {
    return this.#reading.finally(onFinally);
  }
}
