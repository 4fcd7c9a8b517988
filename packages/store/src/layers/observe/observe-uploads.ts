/** Uploads whose calls hooks are told of. */

import { toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import type { ByteRange, CallOptions, ObjectInfo } from '../../object-store.ts';
import type { CompleteOptions, FollowOptions, Upload, UploadReader } from '../../upload.ts';
import type { Observation, ObservedCall, ObservedOperation, Observer } from './observer.ts';
import { WrappedUpload } from '../wrapped-upload.ts';

const encoder = new TextEncoder();

export class ObserveUpload extends WrappedUpload implements Upload {
  readonly #inner: Upload;
  readonly #observer: Observer;

  constructor(inner: Upload, observer: Observer) {
    super(inner);
    this.#inner = inner;
    this.#observer = observer;
  }

  write(bytes: Uint8Array | string): Promise<void> {
    const given = typeof bytes === 'string' ? encoder.encode(bytes) : bytes;
    return this.#observer.call(this.#call('upload.write'), (observation) => {
      observation.bytes = given.byteLength;
      return this.#inner.write(given);
    });
  }

  writeAll(body: Body, options?: CallOptions): Promise<void> {
    return this.#observer.call(this.#call('upload.write'), async (observation) =>
      this.#inner.writeAll(observation.source(toSource(body)), options),
    );
  }

  flush(options?: CallOptions): Promise<number> {
    return this.#observer.call(this.#call('upload.flush'), () => this.#inner.flush(options));
  }

  complete(options?: CompleteOptions): Promise<ObjectInfo> {
    return this.#observer.call(this.#call('upload.complete'), () => this.#inner.complete(options));
  }

  abort(): Promise<void> {
    return this.#observer.call(this.#call('upload.abort'), () => this.#inner.abort());
  }

  detach(): Promise<void> {
    return this.#observer.call(this.#call('upload.detach'), () => this.#inner.detach());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }

  #call(operation: ObservedOperation): ObservedCall {
    return { operation, key: this.key };
  }
}

export class ObserveUploadReader extends WrappedUpload implements UploadReader {
  readonly #inner: UploadReader;
  readonly #observer: Observer;

  constructor(inner: UploadReader, observer: Observer) {
    super(inner);
    this.#inner = inner;
    this.#observer = observer;
  }

  refresh(options?: CallOptions): Promise<number> {
    const call: ObservedCall = { operation: 'openUpload.refresh', key: this.key };
    return this.#observer.call(call, () => this.#inner.refresh(options));
  }

  read(range?: ByteRange, options?: CallOptions): AsyncIterable<Uint8Array> {
    const call: ObservedCall = { operation: 'openUpload.read', key: this.key };
    return this.#observer.each(call, this.#inner.read(range, options), countBytes);
  }

  follow(options?: FollowOptions): AsyncIterable<Uint8Array> {
    const call: ObservedCall = { operation: 'openUpload.follow', key: this.key };
    return this.#observer.each(call, this.#inner.follow(options), countBytes);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export function countBytes(observation: Observation, chunk: Uint8Array): void {
  observation.bytes += chunk.byteLength;
}
