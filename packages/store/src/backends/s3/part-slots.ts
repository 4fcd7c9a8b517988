/** Parts under way: so many at once, the first failure stops all, and memory that is done with is used again. */

import type { SentPart } from './multipart.ts';

type SendPart = (number: number, bytes: Uint8Array, signal: AbortSignal) => Promise<SentPart>;

export class PartSlots {
  readonly #limit: number;
  readonly #send: SendPart;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #running = new Set<Promise<void>>();
  readonly #sent: SentPart[] = [];
  readonly #ours = new WeakSet<ArrayBufferLike>();
  #spare: Uint8Array[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(limit: number, signal: AbortSignal | undefined, send: SendPart) {
    this.#limit = limit;
    this.#send = send;
    const own = this.#stop.signal;
    this.#signal = signal === undefined ? own : AbortSignal.any([signal, own]);
  }

  /** Waits for a free slot, and starts the part in it. @throws what a part before has failed with */
  async add(number: number, bytes: () => Promise<Uint8Array>): Promise<void> {
    while (this.#running.size >= this.#limit && this.#failure === undefined)
      await Promise.race(this.#running);
    this.#throwFailure();
    const running = this.#one(number, bytes).catch((error: unknown) => {
      this.#failure ??= { error };
      this.#stop.abort(error);
    });
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  /** Memory for one part: that of parts which are sent is used again. */
  memory(size: number): Uint8Array {
    this.#spare = this.#spare.filter(({ byteLength }) => byteLength === size);
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare;
    const fresh = Buffer.allocUnsafeSlow(size);
    this.#ours.add(fresh.buffer);
    return fresh;
  }

  /** @returns all parts, in order */
  async finish(): Promise<readonly SentPart[]> {
    await Promise.all(this.#running);
    this.#throwFailure();
    return this.#sent.sort((a, b) => a.number - b.number);
  }

  /** Stops what is under way and waits for it. @returns the first failure: others follow from it */
  async stop(reason: unknown): Promise<unknown> {
    this.#failure ??= { error: reason };
    this.#stop.abort(reason);
    await Promise.all(this.#running);
    return this.#failure.error;
  }

  async #one(number: number, read: () => Promise<Uint8Array>): Promise<void> {
    const bytes = await read();
    this.#sent.push(await this.#send(number, bytes, this.#signal));
    // Acknowledged, so nothing reads it any more.
    if (this.#ours.has(bytes.buffer)) this.#spare.push(new Uint8Array(bytes.buffer));
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return;
    const { error } = this.#failure;
    throw error instanceof Error ? error : new Error('A part failed', { cause: error });
  }
}
