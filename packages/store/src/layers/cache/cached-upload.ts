/** An upload of the origin whose completion makes the cache forget what was there before. */

import type { Body } from '../../body.ts';
import type { CallOptions, ObjectInfo } from '../../object-store.ts';
import type { CompleteOptions, Upload } from '../../upload.ts';
import { WrappedUpload } from '../wrapped-upload.ts';

export class CachedUpload extends WrappedUpload implements Upload {
  readonly #upload: Upload;
  readonly #writing: (write: () => Promise<ObjectInfo>) => Promise<ObjectInfo>;

  /** @param writing does a write of the upload's key */
  constructor(upload: Upload, writing: (write: () => Promise<ObjectInfo>) => Promise<ObjectInfo>) {
    super(upload);
    this.#upload = upload;
    this.#writing = writing;
  }

  write(bytes: Uint8Array | string): Promise<void> {
    return this.#upload.write(bytes);
  }

  writeAll(body: Body, options?: CallOptions): Promise<void> {
    return this.#upload.writeAll(body, options);
  }

  flush(options?: CallOptions): Promise<number> {
    return this.#upload.flush(options);
  }

  complete(options?: CompleteOptions): Promise<ObjectInfo> {
    return this.#writing(() => this.#upload.complete(options));
  }

  abort(): Promise<void> {
    return this.#upload.abort();
  }

  detach(): Promise<void> {
    return this.#upload.detach();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#upload[Symbol.asyncDispose]();
  }
}
