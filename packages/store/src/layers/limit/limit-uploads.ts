/** Uploads under limits: each call that asks the store has a place, and what is written and read is counted. */

import { toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import type { ByteRange, CallOptions, ObjectInfo } from '../../object-store.ts';
import type { CompleteOptions, FollowOptions, Upload, UploadReader } from '../../upload.ts';
import type { Limits } from './limits.ts';
import type { Asker } from './slots.ts';
import { WrappedUpload } from '../wrapped-upload.ts';

const encoder = new TextEncoder();

export class LimitUpload extends WrappedUpload implements Upload {
  readonly #inner: Upload;
  readonly #limits: Limits;

  constructor(inner: Upload, limits: Limits) {
    super(inner);
    this.#inner = inner;
    this.#limits = limits;
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    const given = typeof bytes === 'string' ? encoder.encode(bytes) : bytes;
    await this.#limits.move(given.byteLength, this.#asker());
    await this.#limits.call(this.#asker(), () => this.#inner.write(given));
  }

  /** Holds a place to its end, as a put does. */
  async writeAll(body: Body, options: CallOptions = {}): Promise<void> {
    const asker = this.#asker(options);
    const source = this.#limits.source(toSource(body), asker);
    await this.#limits.call(asker, () => this.#inner.writeAll(source, options));
  }

  flush(options: CallOptions = {}): Promise<number> {
    return this.#limits.call(this.#asker(options), () => this.#inner.flush(options));
  }

  complete(options: CompleteOptions = {}): Promise<ObjectInfo> {
    return this.#limits.call(this.#asker(options), () => this.#inner.complete(options));
  }

  /** Waits for nobody: it ends what others wait for. */
  abort(): Promise<void> {
    return this.#inner.abort();
  }

  detach(): Promise<void> {
    return this.#inner.detach();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }

  #asker({ signal }: CallOptions = {}): Asker {
    return { operation: 'upload', key: this.key, signal };
  }
}

export class LimitUploadReader extends WrappedUpload implements UploadReader {
  readonly #inner: UploadReader;
  readonly #limits: Limits;

  constructor(inner: UploadReader, limits: Limits) {
    super(inner);
    this.#inner = inner;
    this.#limits = limits;
  }

  refresh(options: CallOptions = {}): Promise<number> {
    return this.#limits.call(this.#asker(options), () => this.#inner.refresh(options));
  }

  async *read(range?: ByteRange, options: CallOptions = {}): AsyncGenerator<Uint8Array> {
    const asker = this.#asker(options);
    const release = await this.#limits.acquire(asker);
    try {
      yield* this.#limits.chunks(this.#inner.read(range, options), asker);
    } finally {
      release();
    }
  }

  /** Without a place: it may wait for a writer who needs one. */
  follow(options: FollowOptions = {}): AsyncIterable<Uint8Array> {
    return this.#limits.chunks(this.#inner.follow(options), this.#asker(options));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #asker({ signal }: CallOptions): Asker {
    return { operation: 'openUpload', key: this.key, signal };
  }
}
