/**
 * Shows progress on standard error: a live view on a terminal, a line now and then elsewhere, nothing where it was asked for.
 * Standard output is never touched.
 */

import { styleText } from 'node:util';
import type { Cli } from '../command/cli.ts';
import type { Format, FrameOptions } from './progress-frame.ts';
import { progressLine, summaryLine } from './progress-text.ts';
import type { Progress } from './progress.ts';

/** Of `progressOptions`, and of `jsonOption`. */
export interface ProgressFlags {
  readonly quiet?: true | undefined;
  /** false: `--no-progress` */
  readonly progress?: boolean | undefined;
  /** false: `--no-color` */
  readonly color?: boolean | undefined;
  readonly json?: true;
}

/** Until it is closed, lines of `cli.warn` go above the view, too. */
export interface ProgressView {
  /** A line for people that is no error: above the view; not with `--quiet` or `--json`. */
  log(line: string): void;
  /**
   * Takes the view off the screen and shows the cursor. Idempotent.
   *
   * @param verb says in one line what was done: `Copied 3 objects, 5 MiB in 2 s`. On a terminal, and elsewhere after work that was
   *   long enough for lines of progress; nothing when left out
   */
  close(verb?: string): void;
}

/** What is done before is not worth a view, nor loading it. */
const FIRST_DRAWN_MS = 250;
const REDRAWN_MS = 100;
const LINE_MS = 10_000;

/** The caller closes it, however its work ends. */
export function showProgress(cli: Cli, progress: Progress, flags: ProgressFlags): ProgressView {
  if (flags.quiet === true || flags.json === true) return { log: () => undefined, close: () => undefined };
  if (!cli.stderr.isTTY) return lines(cli, progress, flags.progress !== false);
  if (flags.progress === false || cli.env['TERM'] === 'dumb') return lines(cli, progress, false, true);
  return live(cli, progress, flags);
}

function lines(cli: Cli, progress: Progress, isShown: boolean, isTerminal = false): ProgressView {
  let hasSaid = isTerminal;
  let timer: NodeJS.Timeout | undefined;
  if (isShown) {
    timer = setInterval(() => {
      hasSaid = true;
      cli.note(progressLine(progress.snapshot()));
    }, LINE_MS).unref();
  }
  let isOpen = true;
  return {
    log: (line) => cli.note(line),
    close: (verb) => {
      clearInterval(timer);
      if (isOpen && hasSaid && verb !== undefined) cli.note(summaryLine(verb, progress.snapshot()));
      isOpen = false;
    },
  };
}

function live(cli: Cli, progress: Progress, flags: ProgressFlags): ProgressView {
  let screen: Screen | undefined;
  let isOpen = true;
  const draw = (): void => screen?.draw(progress);
  const first = setTimeout(() => {
    void openScreen(cli, flags).then((opened) => {
      if (!isOpen) return;
      screen = opened;
      draw();
    });
  }, FIRST_DRAWN_MS).unref();
  const again = setInterval(draw, REDRAWN_MS).unref();
  const above = cli.redirectNotes((line) => {
    if (screen === undefined) return false;
    screen.above(line);
    draw();
    return true;
  });
  return {
    log: (line) => cli.note(line),
    close: (verb) => {
      if (!isOpen) return;
      isOpen = false;
      clearTimeout(first);
      clearInterval(again);
      screen?.clear();
      above();
      if (verb !== undefined) cli.note(summaryLine(verb, progress.snapshot()));
    },
  };
}

interface Screen {
  draw(progress: Progress): void;
  above(line: string): void;
  clear(): void;
}

async function openScreen(cli: Cli, flags: ProgressFlags): Promise<Screen> {
  const [{ createLogUpdate }, { progressFrame }] = await Promise.all([
    import('log-update'),
    import('./progress-frame.ts'),
  ]);
  const { stderr, env } = cli;
  // A terminal that does not know its size says 0.
  const size = { columns: () => stderr.columns || 80, rows: () => stderr.rows || 24 };
  const stream = Object.create(stderr, {
    columns: { get: size.columns },
    rows: { get: size.rows },
    write: { value: (text: string) => stderr.write(text) },
  }) as NodeJS.WriteStream;
  const update = createLogUpdate(stream);
  const isUnicode = /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');
  const paint = (format: Format, text: string): string =>
    flags.color === false ? text : styleText(format, text, { stream: stderr });
  return {
    draw: (progress) => {
      const options: FrameOptions = { columns: size.columns(), rows: size.rows(), isUnicode, paint };
      update(progressFrame(progress.snapshot(), options).join('\n'));
    },
    above: (line) => update.persist(line),
    clear: () => {
      update.clear();
      update.done();
    },
  };
}
