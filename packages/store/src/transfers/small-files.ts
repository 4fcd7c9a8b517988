/**
 * Small files written beside the thread that fetches them. Writing a file of 4 KiB takes the system as long as a request takes us, so
 * that of 10,000 downloads a third was spent waiting for it. The first files are written in the calling thread: most
 * commands have few, and a thread costs some 40 ms and 15 MB.
 */

import { Worker } from 'node:worker_threads';
import { StoreError } from '../errors.ts';
import type { ObjectInfo } from '../object-store.ts';
import { siblingModule } from '../sibling-module.ts';
import { writeSmallFile } from './local-file.ts';
import type { LocalWrite } from './local-file.ts';
import type { SmallFileAnswer, SmallFileFailure, SmallFileTask } from './small-file-task.ts';

/** Files of a process before the thread is worth its start. */
const FIRST = 200;
/** Of more bytes the copy for the thread costs more than the thread saves. */
const BYTES_MAX = 128 * 1024;

interface Waiting {
  readonly key: string;
  readonly resolve: (info: ObjectInfo) => void;
  readonly reject: (error: Error) => void;
}

export class SmallFiles {
  readonly #first: number;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | undefined;
  #written = 0;
  #next: SmallFileTask[] = [];
  #isBroken = false;

  /** @param first files that are written in the calling thread */
  constructor(first = FIRST) {
    this.#first = first;
  }

  /**
   * As `writeSmallFile`.
   *
   * @throws {StoreError} as there; `Unexpected` when the thread ends before it has answered: the file may be there or not
   */
  write(write: LocalWrite, bytes: Uint8Array, modified: Date): Promise<ObjectInfo> {
    const id = this.#written++;
    const isHere = id < this.#first || bytes.byteLength > BYTES_MAX || this.#isBroken;
    if (isHere) return writeSmallFile(write, bytes, modified);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { key: write.key, resolve, reject });
      // All that come in one turn go together.
      if (this.#next.length === 0) setImmediate(() => this.#send());
      // Of a part of larger memory all of that would be copied.
      const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
      this.#next.push({ id, write, bytes: own, modified });
    });
  }

  #send(): void {
    const tasks = this.#next;
    this.#next = [];
    this.#thread ??= this.#start();
    this.#thread.ref();
    // Copied, not handed over: who is refused may try again.
    this.#thread.postMessage(tasks);
  }

  #start(): Worker {
    const thread = new Worker(siblingModule(import.meta.url, './small-file-thread'));
    thread.on('message', (answers: readonly SmallFileAnswer[]) => {
      for (const answer of answers) this.#settle(answer);
      // Nothing keeps the process alive that has nothing to do.
      if (this.#waiting.size === 0) thread.unref();
    });
    const end = (cause: unknown): void => {
      this.#isBroken = true;
      for (const { key, reject } of this.#waiting.values()) {
        reject(
          new StoreError('Unexpected', `The thread that was to write ${key} has ended: copy it again`, {
            operation: 'put',
            key,
            cause,
          }),
        );
      }
      this.#waiting.clear();
    };
    thread.on('error', end);
    thread.on('exit', (code) => end(new Error(`exit code ${code}`)));
    return thread;
  }

  #settle({ id, size, etag, lastModified, failure }: SmallFileAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    const { key, resolve, reject } = waiting;
    if (failure !== undefined) reject(errorOf(failure, key));
    else resolve({ key, size, etag, lastModified, attributes: {} });
  }
}

function errorOf({ code, message, system }: SmallFileFailure, key: string): StoreError {
  if (system === undefined) return new StoreError(code, message, { operation: 'put', key });
  const { message: said, ...fields } = system;
  const cause = Object.assign(new Error(said), fields);
  return new StoreError(code, message, { operation: 'put', key, cause });
}
