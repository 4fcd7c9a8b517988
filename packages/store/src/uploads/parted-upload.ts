/** An `Upload` over any store of parts: the caller's side of it, with its states. Where parts go is the driver's. */

import { openExact, toSource } from '../body.ts';
import type { Body } from '../body.ts';
import { StoreError, throwIfAborted } from '../errors.ts';
import type { CallOptions, ObjectInfo } from '../object-store.ts';
import type { CompleteOptions, Upload } from '../upload.ts';
import { PartWriter } from './part-writer.ts';
import type { PartWriterOptions } from './part-writer.ts';

export interface UploadDriver extends PartWriterOptions {
  readonly key: string;
  readonly id: string;
  /** Makes the object appear from what is committed: `size` bytes in `parts` parts. */
  complete(size: number, parts: number, options: CompleteOptions): Promise<ObjectInfo>;
  /** Removes the upload; one that is gone is removed already. */
  abort(): Promise<void>;
  /** Lets go of what the driver holds; the upload stays. */
  detach?(): Promise<void>;
}

const encoder = new TextEncoder();

export class PartedUpload implements Upload {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  readonly #driver: UploadDriver;
  readonly #parts: PartWriter;
  /** calls take their turns: what a caller does not await is done in order all the same */
  #turn: Promise<unknown> = Promise.resolve();
  #state: 'open' | 'complete' | 'aborted' | 'detached' = 'open';
  #info: ObjectInfo | undefined;
  /** an abort that failed can be called again */
  #isRemoved = false;

  constructor(driver: UploadDriver) {
    this.#driver = driver;
    this.#parts = new PartWriter(driver);
    this.key = driver.key;
    this.id = driver.id;
    this.partSize = driver.partSize;
  }

  get committed(): number {
    return this.#parts.committed;
  }

  write(bytes: Uint8Array | string): Promise<void> {
    return this.#inTurn(() => this.#parts.write(typeof bytes === 'string' ? encoder.encode(bytes) : bytes));
  }

  writeAll(body: Body, { signal }: CallOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      for await (const chunk of openExact(toSource(body))) {
        throwIfAborted(signal, 'upload', this.key);
        await this.#parts.write(chunk);
      }
    });
  }

  flush({ signal }: CallOptions = {}): Promise<number> {
    return this.#inTurn(() => {
      throwIfAborted(signal, 'upload', this.key);
      return this.#parts.flush();
    });
  }

  complete(options: CompleteOptions = {}): Promise<ObjectInfo> {
    if (this.#info !== undefined) return Promise.resolve(this.#info);
    return this.#inTurn(async () => {
      throwIfAborted(options.signal, 'upload', this.key);
      const size = await this.#parts.flush();
      this.#info = await this.#driver.complete(size, this.#parts.parts, options);
      this.#state = 'complete';
      return this.#info;
    });
  }

  async abort(): Promise<void> {
    if (this.#state === 'complete' || this.#isRemoved) return;
    this.#state = 'aborted';
    await this.#turn.catch(() => undefined);
    await this.#parts.settle();
    await this.#driver.abort();
    this.#isRemoved = true;
  }

  async detach(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'detached';
    await this.#turn.catch(() => undefined);
    await this.#parts.settle();
    await this.#driver.detach?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'open') await this.abort();
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      if (this.#state !== 'open') {
        throw new StoreError(
          'Closed',
          `The upload of ${this.key} is ${this.#state}: nothing can be added to it`,
          {
            operation: 'upload',
            key: this.key,
          },
        );
      }
      return act();
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
