/**
 * An upload that survives its writer's breaks: when a call fails for a time the upload is resumed, and what was not committed is
 * written again. It keeps a copy of those bytes for that: as much again as the parts under way.
 *
 * Before it goes on it reads again what was committed while it had no answer: bytes that are not its own reject with
 * `Conflict`. A writer who has taken the upload over meanwhile and committed nothing yet is shut out.
 */

import { openExact, toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import { isStoreError, StoreError, throwIfAborted } from '../../errors.ts';
import type { CallOptions, ObjectInfo, ObjectStore } from '../../object-store.ts';
import type { CompleteOptions, Upload } from '../../upload.ts';
import { Attempts } from './attempts.ts';
import { attemptTimeoutMs } from './policy.ts';
import type { RetryPolicy } from './policy.ts';
import { UncommittedBytes } from './uncommitted-bytes.ts';
import type { Watchdog } from './watchdog.ts';

/** What stands under the key if it was this upload that was completed; `undefined` if that cannot be known. */
export type FindOwn = (signal: AbortSignal | undefined) => Promise<ObjectInfo | undefined>;

export interface RepeatedUploadOptions {
  readonly store: ObjectStore;
  readonly policy: RetryPolicy;
  readonly concurrency: number | undefined;
  readonly findOwn: FindOwn;
}

const encoder = new TextEncoder();

export class RepeatedUpload implements Upload {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  readonly #options: RepeatedUploadOptions;
  readonly #kept: UncommittedBytes;
  #inner: Upload;
  /** the writer has failed: to be replaced before the next call */
  #broken = false;
  #turn: Promise<unknown> = Promise.resolve();
  #info: ObjectInfo | undefined;
  #ended = false;

  constructor(inner: Upload, options: RepeatedUploadOptions) {
    this.#inner = inner;
    this.#options = options;
    this.key = inner.key;
    this.id = inner.id;
    this.partSize = inner.partSize;
    this.#kept = new UncommittedBytes(inner.committed);
  }

  get committed(): number {
    return Math.max(this.#kept.start, this.#inner.committed);
  }

  write(bytes: Uint8Array | string): Promise<void> {
    return this.#inTurn(() => this.#write(typeof bytes === 'string' ? encoder.encode(bytes) : bytes));
  }

  writeAll(body: Body, { signal }: CallOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      for await (const chunk of openExact(toSource(body))) {
        throwIfAborted(signal, 'upload', this.key);
        await this.#write(chunk);
      }
    });
  }

  flush(options: CallOptions = {}): Promise<number> {
    return this.#inTurn(async () => {
      const committed = await this.#run(options.signal, (watchdog) =>
        this.#inner.flush({ ...options, signal: watchdog.signal }),
      );
      this.#kept.drop(committed);
      return committed;
    });
  }

  complete(options: CompleteOptions = {}): Promise<ObjectInfo> {
    if (this.#info !== undefined) return Promise.resolve(this.#info);
    return this.#inTurn(async () => {
      const attempts = this.#attempts(options.signal);
      try {
        this.#info = await this.#run(
          options.signal,
          (watchdog) => this.#inner.complete({ ...options, signal: watchdog.signal }),
          attempts,
        );
      } catch (error) {
        const unanswered = attempts.unanswered(error, ['NotFound', 'AlreadyExists', 'PreconditionFailed']);
        if (unanswered === undefined) throw error;
        this.#info = await this.#options.findOwn(options.signal);
        if (this.#info === undefined) throw unanswered;
      }
      this.#kept.drop(this.#kept.end);
      return this.#info;
    });
  }

  async abort(): Promise<void> {
    if (this.#info !== undefined) return;
    this.#ended = true;
    await this.#turn;
    // What one did in vain is done again: a writer that has failed does not know of it.
    await this.#run(undefined, () => this.#inner.abort(), undefined, false);
  }

  async detach(): Promise<void> {
    if (this.#info !== undefined) return;
    this.#ended = true;
    await this.#turn;
    await this.#inner.detach();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended && this.#info === undefined) await this.abort();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const end = this.#kept.add(bytes);
    const inner = this.#inner;
    await this.#run(undefined, async () => {
      // A writer in place of this one has been given these bytes with the others that were kept.
      if (this.#inner === inner) await inner.write(bytes);
      this.#kept.drop(Math.min(this.#inner.committed, end));
    });
  }

  /** Attempts, each with a writer that works. */
  #run<T>(
    signal: AbortSignal | undefined,
    act: (watchdog: Watchdog) => Promise<T>,
    attempts = this.#attempts(signal),
    replace = true,
  ): Promise<T> {
    const bytes = this.partSize + this.#kept.end - this.#kept.start;
    return attempts.run(async (watchdog) => {
      watchdog.arm(attemptTimeoutMs(this.#options.policy, bytes));
      try {
        if (this.#broken && replace) await this.#replace(watchdog);
        const result = await watchdog.race(act(watchdog));
        watchdog.stop();
        return result;
      } catch (error) {
        this.#broken ||= isStoreError(error) && error.retry === 'temporary';
        throw error;
      }
    });
  }

  async #replace(watchdog: Watchdog): Promise<void> {
    const { signal } = watchdog;
    const { store, concurrency } = this.#options;
    // Stops its parts; not waited for, since it may be what stalls. Its late writes find the upload resumed.
    this.#inner.detach().catch(() => undefined);
    // Looked at before: whoever has taken the upload over is not to be shut out.
    const seen = await watchdog.race(this.#checkCommitted(signal));
    const inner = await watchdog.race(store.upload(this.key, { resume: this.id, concurrency, signal }));
    if (inner.committed !== seen) await watchdog.race(this.#checkCommitted(signal));
    this.#kept.drop(inner.committed);
    for (const chunk of this.#kept.chunks()) await watchdog.race(inner.write(chunk));
    this.#inner = inner;
    this.#broken = false;
  }

  /** What is committed beyond what is known to be must be what was written here. @returns where it ends */
  async #checkCommitted(signal: AbortSignal): Promise<number> {
    const { start, end } = this.#kept;
    await using reader = await this.#options.store.openUpload(this.key, this.id, { signal });
    const committed = await reader.refresh({ signal });
    const foreign = new StoreError('Conflict', `Somebody else has written to the upload of ${this.key}`, {
      operation: 'upload',
      key: this.key,
    });
    if (committed < start || committed > end) throw foreign;
    if (committed === start) return committed;
    let position = start;
    for await (const chunk of reader.read({ start, end: committed }, { signal })) {
      if (!this.#kept.has(position, chunk)) throw foreign;
      position += chunk.byteLength;
    }
    return committed;
  }

  #attempts(signal: AbortSignal | undefined): Attempts {
    return new Attempts(this.#options.policy, 'upload', this.key, signal);
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      if (this.#info === undefined && !this.#ended) return act();
      throw new StoreError('Closed', `The upload of ${this.key} has ended: nothing can be added to it`, {
        operation: 'upload',
        key: this.key,
      });
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
