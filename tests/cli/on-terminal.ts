/** @module `cistern` on a terminal of its own, by `script` of util-linux: what is seen on the screen, keys pressed, and how it ends. */

import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { Screen } from '../support/screen.ts';
import { LAUNCHER } from './cli.ts';
import type { CliHome } from './cli.ts';

/** For `skip`: why there is no terminal here, or false. */
export const needsTerminal: string | false =
  process.platform === 'linux' && existsSync('/usr/bin/script') ? false : 'needs script of util-linux';

/** Generous: it bounds a failing test, and is no measure of speed. */
const PATIENCE_MS = 20_000;

export interface OnTerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** of the shell, after the command: `> file`, `< pipe` */
  readonly redirect?: string;
}

export class OnTerminal {
  readonly screen: Screen;
  /** the exit code of the command */
  readonly ended: Promise<number | null>;
  /** all that came, as it came */
  raw = '';
  readonly #child: ChildProcessWithoutNullStreams;
  #wake: (() => void)[] = [];
  #hasEnded = false;
  /** a file that names the terminal */
  readonly #device: string;

  constructor(home: CliHome, args: readonly string[], options: OnTerminalOptions = {}) {
    const { columns = 80, rows = 24, env, redirect = '' } = options;
    this.screen = new Screen(columns);
    const command = [process.execPath, LAUNCHER, ...args].map((one) => `'${one}'`).join(' ');
    this.#device = join(home.folder, `tty-${randomUUID()}`);
    const line = `tty > '${this.#device}'; stty cols ${columns} rows ${rows}; exec ${command} ${redirect}`;
    this.#child = spawn('/usr/bin/script', ['-qfec', line, '/dev/null'], {
      cwd: home.folder,
      env: { ...home.env, TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    });
    // What a failing test has left running would keep the file from ending.
    after(() => this.#child.kill('SIGKILL'));
    this.#child.stdout.setEncoding('utf8');
    this.#child.stdout.on('data', (text: string) => {
      this.raw += text;
      this.screen.write(text);
      this.#woken();
    });
    this.#child.stdin.on('error', () => undefined);
    this.ended = once(this.#child, 'close').then(([code]) => {
      this.#hasEnded = true;
      this.#woken();
      return code as number | null;
    });
  }

  /** What a person types: `\x03` is Ctrl-C. */
  press(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** Makes the window narrower or wider. What stands on the screen stays as it is until it is drawn again. */
  resize(columns: number): void {
    execFileSync('stty', ['-F', readFileSync(this.#device, 'utf8').trim(), 'cols', String(columns)]);
  }

  /** Resolves once the screen shows it; rejects when the command ends before, or patience does. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    patience.addEventListener('abort', () => this.#woken());
    for (;;) {
      const found = pattern.exec(this.screen.text);
      if (found !== null) return found;
      if (this.#hasEnded || patience.aborted)
        throw new Error(`${pattern} was not seen:\n${this.screen.text}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #woken(): void {
    const woken = this.#wake;
    this.#wake = [];
    for (const wake of woken) wake();
  }
}
