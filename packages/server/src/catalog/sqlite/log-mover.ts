/**
 * The writer's side of the thread that moves the write-ahead log into the database. The thread is started when there
 * is something to move for the first time: a server that writes little never has it.
 */

import { Worker } from 'node:worker_threads';
import { siblingModule } from '../../threads/sibling-module.ts';
import { THREAD_MEMORY } from '../../threads/thread-memory.ts';

/** What the shared word says. */
export const MOVER = { idle: 0, moving: 1 } as const;

const WAIT_MS_MAX = 300_000;
/** After a thread that could not be started, for want of files or memory. */
const RETRY_MS = 5000;

export interface MoverData {
  readonly path: string;
  /** One word, of MOVER. */
  readonly state: SharedArrayBuffer;
}

/** From the thread, once it can move. */
export const MOVER_READY = 'ready';

/** From the thread. */
export interface MoverFailure {
  readonly message: string;
  /** SQLite's. */
  readonly errcode: number | undefined;
}

export class LogMover {
  readonly #path: string;
  readonly #state = new Int32Array(new SharedArrayBuffer(4));
  readonly #onFailure: (cause: Error) => void;
  #thread: Worker | undefined;
  #exited: Promise<void> | undefined;
  #notBefore = 0;

  /** @param onFailure called with SQLite's error when the log could not be moved: the disk has failed, or is full */
  constructor(path: string, onFailure: (cause: Error) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
  }

  get moving(): boolean {
    return Atomics.load(this.#state, 0) === MOVER.moving;
  }

  /** False for a while after the thread could not be started: the writer has to move the log itself then. */
  get usable(): boolean {
    return performance.now() >= this.#notBefore;
  }

  /** Moves what is in the log by now, beside whatever the writer does next. Only while nothing is being moved. */
  start(): void {
    this.#thread ??= this.#spawn();
    Atomics.store(this.#state, 0, MOVER.moving);
    this.#thread.postMessage('move');
  }

  /** Blocks until nothing is being moved. Throws when that takes so long that the thread must be dead. */
  wait(): void {
    const outcome = Atomics.wait(this.#state, 0, MOVER.moving, WAIT_MS_MAX);
    if (outcome === 'timed-out')
      throw new Error('The thread that moves the log into the database does not answer');
  }

  /** Lets it finish, and ends it. */
  async close(): Promise<void> {
    this.#thread?.postMessage('close');
    await this.#exited;
  }

  #spawn(): Worker {
    const workerData: MoverData = { path: this.#path, state: this.#state.buffer };
    const thread = new Worker(siblingModule(import.meta.url, './mover-thread'), {
      workerData,
      resourceLimits: THREAD_MEMORY,
    });
    let ready = false;
    thread.on('message', (message: typeof MOVER_READY | MoverFailure) => {
      if (message === MOVER_READY) ready = true;
      else this.#onFailure(Object.assign(new Error(message.message), { errcode: message.errcode }));
    });
    thread.on('error', (cause: Error) => {
      if (ready) this.#onFailure(cause);
      else this.#notStarted();
    });
    this.#exited = new Promise((resolve) => thread.once('exit', () => resolve()));
    return thread;
  }

  /** Nothing was moved, and nothing has failed. */
  #notStarted(): void {
    this.#thread = undefined;
    this.#notBefore = performance.now() + RETRY_MS;
    Atomics.store(this.#state, 0, MOVER.idle);
    Atomics.notify(this.#state, 0);
  }
}
