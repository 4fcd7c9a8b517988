/**
 * Bytes gathered into slabs, each handed on when it is full: the front of every body on its way into a blob. It bounds
 * the memory: who writes faster than slabs come back has to wait.
 */

import { SLAB_BYTES } from './slab-pool.ts';
import type { Slab, SlabPool, SlabShare } from './slab-pool.ts';

/** Resolves when the slab's memory is no longer needed. A rejection fails the stream, and comes after that, too. */
export type SlabUser = (slab: Slab, length: number) => Promise<void>;

export class SlabStream {
  readonly #share: SlabShare;
  readonly #use: SlabUser;
  #slab: Slab | undefined;
  #filled = 0;
  #length = 0;
  /** Slabs that are in use. */
  #busy = 0;
  #failure: Error | undefined;
  #onIdle: (() => void) | undefined;

  constructor(pool: SlabPool, use: SlabUser) {
    this.#share = pool.share();
    this.#use = use;
  }

  /** Bytes handed on. */
  get length(): number {
    return this.#length;
  }

  /**
   * Takes bytes; they are copied, the caller may reuse its buffer at once. A promise means: wait for it before the
   * next write. Rejects when a slab could not be used, or once the body was given up.
   */
  write(bytes: Buffer): Promise<void> | undefined {
    let taken = 0;
    while (taken < bytes.length) {
      if (this.#failure !== undefined) return Promise.reject(this.#failure);
      this.#slab ??= this.#share.take();
      if (this.#slab === undefined) return this.#waitThenWrite(bytes.subarray(taken));
      const copied = bytes.copy(this.#slab.bytes, this.#filled, taken);
      taken += copied;
      this.#filled += copied;
      if (this.#filled === SLAB_BYTES) this.#dispatch();
    }
    return undefined;
  }

  async #waitThenWrite(rest: Buffer): Promise<void> {
    await this.#share.whenFree();
    await this.write(rest);
  }

  #dispatch(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    const length = this.#filled;
    this.#slab = undefined;
    this.#filled = 0;
    this.#length += length;
    this.#busy++;
    const done = (): void => {
      this.#share.give(slab);
      if (--this.#busy === 0) this.#onIdle?.();
    };
    this.#use(slab, length).then(done, (error: Error) => {
      this.#failure ??= error;
      done();
    });
  }

  /** Everything has arrived: resolves when all slabs have come back; rejects when one could not be used. */
  async finish(): Promise<void> {
    this.#dispatch();
    await this.#idle();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Gives up. What is written from then on is refused: it would take slabs that nobody gives back. */
  async discard(): Promise<void> {
    this.#failure ??= new Error('the body was given up');
    await this.#idle();
    if (this.#slab !== undefined) this.#share.give(this.#slab);
    this.#slab = undefined;
  }

  async #idle(): Promise<void> {
    if (this.#busy === 0) return;
    await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }
}
