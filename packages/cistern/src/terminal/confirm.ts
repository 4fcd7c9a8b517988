/** Asks a person before something that cannot be undone. Where nobody can answer, it is refused unless `--yes` said so. */

import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Cli } from '../command/cli.ts';
import { EXIT_USAGE } from '../command/exit-codes.ts';
import { Failure, interrupted } from '../failures/failure.ts';

export interface Confirmation {
  /** what is about to happen, as a question: `Delete all of s3://photos?` */
  readonly question: string;
  /** `--yes` was given: nobody is asked */
  readonly yes: boolean;
}

/**
 * Resolves when it may go on. Only `y` and `yes` say so.
 *
 * @throws {Failure} when the answer is no, or nobody can be asked: standard input or standard error is no terminal
 */
export async function confirm(cli: Cli, { question, yes }: Confirmation): Promise<void> {
  if (yes) return;
  if (!cli.stdin.isTTY || !cli.stderr.isTTY) {
    throw new Failure(`${question} Nobody can be asked: standard input is no terminal`, {
      advice: 'Add --yes if that is what you want.',
      exitCode: EXIT_USAGE,
    });
  }
  await cli.out.flush();
  // The terminal edits the line itself, so that Ctrl-C stays a signal.
  const lines = createInterface({ input: cli.stdin, output: cli.stderr, terminal: false });
  try {
    const ended = once(lines, 'close').then(() => '');
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal: cli.signal }), ended]);
    if (/^\s*y(?:es)?\s*$/i.test(answer)) return;
  } catch (error) {
    if (!cli.signal.aborted) throw error;
    cli.note('');
    throw interrupted('Stopped: nothing was done');
  } finally {
    lines.close();
  }
  throw new Failure('Nothing was done');
}
