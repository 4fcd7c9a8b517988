/** @module A running command whose output is looked at while it comes. */

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';

/** Generous: it bounds a failing test, and is no measure of speed. */
const PATIENCE_MS = 20_000;

export class Watched {
  readonly child: ChildProcessWithoutNullStreams;
  err = '';
  /** the exit code; null after a signal */
  readonly ended: Promise<number | null>;
  readonly #chunks: Buffer[] = [];
  #wake: (() => void)[] = [];
  #hasEnded = false;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    child.stdout.on('data', (chunk: Buffer) => this.#saw(() => this.#chunks.push(chunk)));
    child.stderr.on('data', (chunk: Buffer) => this.#saw(() => (this.err += chunk.toString())));
    child.stdin.on('error', () => undefined);
    this.ended = once(child, 'close').then(([code]) => {
      this.#saw(() => (this.#hasEnded = true));
      return code as number | null;
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get out(): string {
    return this.bytes.toString();
  }

  /** Resolves once either output matches; rejects when the command ends before, or patience does. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    patience.addEventListener('abort', () => this.#saw(() => undefined));
    for (;;) {
      const found = pattern.exec(this.out) ?? pattern.exec(this.err);
      if (found !== null) return found;
      if (this.#hasEnded || patience.aborted)
        throw new Error(`${pattern} did not come:\n${this.out}\n${this.err}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** Ends it with a signal once either output has matched. */
  async endAfter(pattern: RegExp): Promise<void> {
    await this.until(pattern);
    this.child.kill('SIGTERM');
    await this.ended;
  }

  #saw(note: () => void): void {
    note();
    const woken = this.#wake;
    this.#wake = [];
    for (const wake of woken) wake();
  }
}
