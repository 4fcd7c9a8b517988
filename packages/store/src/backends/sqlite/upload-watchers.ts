/** Wakes those who wait for an upload of this process to grow; uploads of other processes are asked for by the clock. */

import { abortedError } from '../../errors.ts';

export class UploadWatchers {
  readonly #waiting = new Map<number, Set<() => void>>();

  /** To be called after each change of an upload. */
  wake(content: number): void {
    for (const one of this.#waiting.get(content) ?? []) one();
  }

  wakeAll(): void {
    for (const content of this.#waiting.keys()) this.wake(content);
  }

  /** Resolves at the next change, or after `pollMs`. Rejects with `Aborted`. */
  wait(content: number, pollMs: number, key: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(content) ?? new Set();
      const end = (): void => {
        clearTimeout(timer);
        waiting.delete(end);
        if (waiting.size === 0) this.#waiting.delete(content);
        signal?.removeEventListener('abort', end);
        if (signal?.aborted === true) reject(abortedError(signal, 'openUpload', key));
        else resolve();
      };
      const timer = setTimeout(end, pollMs);
      waiting.add(end);
      this.#waiting.set(content, waiting);
      signal?.addEventListener('abort', end);
    });
  }
}
