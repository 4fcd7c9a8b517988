/** What every command is given: the world outside as it may use it. One per process. */

import { performance } from 'node:perf_hooks';
import { Output } from '../terminal/output.ts';
import { EXIT_INTERRUPTED } from './exit-codes.ts';
import { printableLines } from '../terminal/printable.ts';
import { createSignalRule, ENDING_SIGNALS } from './signals.ts';
import type { Places } from '../places/places.ts';

export interface CliOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
}

export class Cli {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  /** data: what a pipe would want, and nothing else */
  readonly out: Output;
  /** how the process ends */
  exitCode = 0;
  #interrupt: AbortController | undefined;
  #places: Places | undefined;
  #above: ((line: string) => boolean) | undefined;

  constructor({ env, stdout, stderr, stdin }: CliOptions) {
    this.env = env;
    this.stdin = stdin;
    this.stderr = stderr;
    this.out = new Output(stdout);
    // Nobody reads what is said, or it cannot be kept: what is being done goes on all the same, and the exit code tells.
    stderr.on('error', () => undefined);
  }

  /**
   * Fires with the first Ctrl-C or SIGTERM: what runs stops in order and says what was done. A second one ends the process at once.
   * Whoever never asks for it is ended by signals as usual.
   */
  get signal(): AbortSignal {
    if (this.#interrupt === undefined) {
      const interrupt = new AbortController();
      this.#interrupt = interrupt;
      const rule = createSignalRule(() => performance.now());
      for (const signal of ENDING_SIGNALS) {
        process.on(signal, () => {
          const effect = rule(signal);
          if (effect === 'drain') interrupt.abort(new Error(`Stopped by ${signal}`));
          if (effect === 'quit') process.exit(EXIT_INTERRUPTED);
        });
      }
    }
    return this.#interrupt.signal;
  }

  /** A line for people, on standard error, with the name of the program before it. */
  warn(message: string): void {
    this.note(`cistern: ${message}`);
  }

  /** A line for people, on standard error. Names from elsewhere are made safe to print. */
  note(line: string): void {
    const safe = printableLines(line);
    if (this.#above?.(safe) !== true) this.stderr.write(`${safe}\n`);
  }

  /**
   * While something is drawn on the screen, lines have to go above it.
   *
   * @param above false: not drawn now, the line is written as usual
   * @returns ends it
   */
  redirectNotes(above: (line: string) => boolean): () => void {
    this.#above = above;
    return () => {
      this.#above = undefined;
    };
  }

  /** Where stores are opened; loaded when it is first asked for. */
  async places(): Promise<Places> {
    if (this.#places === undefined) {
      const { Places } = await import('../places/places.ts');
      this.#places ??= new Places(this);
    }
    return this.#places;
  }

  /** The same, if it was asked for. */
  get openPlaces(): Places | undefined {
    return this.#places;
  }

  /** Lets go of what was opened, and of what was not printed yet. */
  async close(): Promise<void> {
    await this.#places?.close();
    await this.out.end();
  }
}
