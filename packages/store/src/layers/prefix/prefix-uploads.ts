/** Uploads of a store below a prefix: as those of the store behind, with the keys that its users know. */

import { toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import type { ByteRange, CallOptions, ObjectInfo } from '../../object-store.ts';
import type { CompleteOptions, FollowOptions, Upload, UploadReader } from '../../upload.ts';
import { CallerErrors } from '../caller-errors.ts';
import type { KeyMapping } from './key-mapping.ts';

export class PrefixUpload implements Upload {
  readonly key: string;
  readonly #inner: Upload;
  readonly #keys: KeyMapping;

  constructor(inner: Upload, keys: KeyMapping) {
    this.#inner = inner;
    this.#keys = keys;
    this.key = keys.out(inner.key);
  }

  get id(): string {
    return this.#inner.id;
  }

  get partSize(): number {
    return this.#inner.partSize;
  }

  get committed(): number {
    return this.#inner.committed;
  }

  write(bytes: Uint8Array | string): Promise<void> {
    return this.#keys.call(() => this.#inner.write(bytes));
  }

  writeAll(body: Body, options?: CallOptions): Promise<void> {
    const callers = new CallerErrors();
    return this.#keys.call(
      async () => this.#inner.writeAll(callers.watchSource(toSource(body)), options),
      callers,
    );
  }

  flush(options?: CallOptions): Promise<number> {
    return this.#keys.call(() => this.#inner.flush(options));
  }

  async complete(options?: CompleteOptions): Promise<ObjectInfo> {
    return this.#keys.info(await this.#keys.call(() => this.#inner.complete(options)));
  }

  abort(): Promise<void> {
    return this.#keys.call(() => this.#inner.abort());
  }

  detach(): Promise<void> {
    return this.#keys.call(() => this.#inner.detach());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#keys.call(() => Promise.resolve(this.#inner[Symbol.asyncDispose]()));
  }
}

export class PrefixUploadReader implements UploadReader {
  readonly key: string;
  readonly #inner: UploadReader;
  readonly #keys: KeyMapping;

  constructor(inner: UploadReader, keys: KeyMapping) {
    this.#inner = inner;
    this.#keys = keys;
    this.key = keys.out(inner.key);
  }

  get id(): string {
    return this.#inner.id;
  }

  get partSize(): number {
    return this.#inner.partSize;
  }

  get committed(): number {
    return this.#inner.committed;
  }

  refresh(options?: CallOptions): Promise<number> {
    return this.#keys.call(() => this.#inner.refresh(options));
  }

  read(range?: ByteRange, options?: CallOptions): AsyncIterable<Uint8Array> {
    return this.#keys.each(this.#inner.read(range, options));
  }

  follow(options?: FollowOptions): AsyncIterable<Uint8Array> {
    return this.#keys.each(this.#inner.follow(options));
  }

  close(): Promise<void> {
    return this.#keys.call(() => this.#inner.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
