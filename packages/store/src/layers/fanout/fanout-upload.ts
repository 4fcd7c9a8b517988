/** An upload of the primary, whose object goes to the other members when it is complete. */

import type { Body } from '../../body.ts';
import type { CallOptions, ObjectInfo } from '../../object-store.ts';
import type { CompleteOptions, Upload } from '../../upload.ts';
import { WrappedUpload } from '../wrapped-upload.ts';

type Publish = (write: () => Promise<ObjectInfo>, signal?: AbortSignal) => Promise<ObjectInfo>;

export class FanoutUpload extends WrappedUpload implements Upload {
  readonly #upload: Upload;
  readonly #publish: Publish;
  #info: ObjectInfo | undefined;

  /** @param publish does the primary's write, and then the others' */
  constructor(upload: Upload, publish: Publish) {
    super(upload);
    this.#upload = upload;
    this.#publish = publish;
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

  async complete(options: CompleteOptions = {}): Promise<ObjectInfo> {
    this.#info ??= await this.#publish(() => this.#upload.complete(options), options.signal);
    return this.#info;
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
