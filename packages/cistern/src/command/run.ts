/** Runs the command that a command line names: only its file is loaded. Failures become messages and exit codes here. */

import type { Command } from 'commander';
import { COMMANDS } from '../commands/table.ts';
import type { Cli } from './cli.ts';
import type { CommandEntry } from './command-entry.ts';
import { EXIT_USAGE } from './exit-codes.ts';

/** Resolves when all is done and printed; `cli.exitCode` tells how it went. Never rejects. */
export async function run(cli: Cli, args: readonly string[]): Promise<void> {
  const [name = '--help', ...rest] = args;
  const entry = findCommand(name);
  if (entry !== undefined) {
    await runCommand(cli, entry, rest);
  } else {
    const { runRoot } = await import('./root.ts');
    await runRoot(cli, name, rest);
  }
  await cli.close();
  if (cli.out.failure === undefined) return;
  const { Failure } = await import('../failures/failure.ts');
  const message = `Not all could be printed: ${cli.out.failure.message}`;
  await fail(cli, new Failure(message, { cause: cli.out.failure }));
}

export function findCommand(name: string): CommandEntry | undefined {
  return COMMANDS.find((one) => one.name === name || one.aliases?.includes(name) === true);
}

export async function runCommand(cli: Cli, entry: CommandEntry, args: readonly string[]): Promise<void> {
  try {
    const { command } = await entry.load();
    const made = prepare(cli, command(cli));
    await made.parseAsync(args, { from: 'user' });
  } catch (error) {
    await fail(cli, error);
  }
}

/** Help names the command with the program before it; mistakes are thrown, after they were told. */
export function prepare(cli: Cli, made: Command): Command {
  const each = (command: Command, path: string): void => {
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => void cli.out.line(text.trimEnd()),
        writeErr: (text) => cli.stderr.write(text),
        // What was given to a flag that is none may be a secret.
        outputError: (text, write) =>
          write(
            text.replace(/^error: /, `cistern: ${path}: `).replace(/(option '-[^'=]*)=[^']*'/, "$1'") +
              hintFor(command, text),
          ),
        getOutHelpWidth: () => HELP_WIDTH,
        getErrHelpWidth: () => HELP_WIDTH,
      })
      .showHelpAfterError(`(cistern ${path} --help says more)`);
    for (const sub of command.commands) each(sub, `${path} ${sub.name()}`);
  };
  each(made, made.name());
  const name = made.name();
  made.name(`cistern ${name}`);
  return made;
}

/** For `-R` and `-name`, as other tools have them; what is like a long one is found by commander. */
function hintFor({ options }: Command, error: string): string {
  const [, word = ''] = /unknown option '-(\w[\w-]*)'/.exec(error) ?? [];
  const letter = `-${word.slice(0, 1)}`;
  const meant =
    options.find(({ long }) => long === `--${word}`)?.long ??
    options.find(({ short }) => short?.toLowerCase() === letter.toLowerCase())?.short;
  return word === '' || meant === undefined ? '' : `(Did you mean ${meant}?)\n`;
}

/** Help reads the same on every terminal, and in a file. */
const HELP_WIDTH = 100;

async function fail(cli: Cli, error: unknown): Promise<void> {
  if (isCommanderError(error)) {
    cli.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
    return;
  }
  const { report } = await import('../failures/report.ts');
  await report(cli, error);
}

/** By its code, so that commander need not be loaded to ask. */
function isCommanderError(error: unknown): error is Error & { readonly exitCode: number } {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}
