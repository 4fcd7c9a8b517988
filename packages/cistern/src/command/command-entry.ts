/** What the table of commands holds of each: enough for help and completion, so that only the one that runs is loaded. */

import type { Command } from 'commander';
import type { Cli } from './cli.ts';

/** Under what a command stands in `cistern --help`, in this order. */
export const GROUPS = {
  look: 'Look',
  move: 'Copy and move',
  change: 'Change',
  compare: 'Compare and prove',
  serve: 'Serve',
  setup: 'Set up',
} as const;

export interface CommandEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly group: keyof typeof GROUPS;
  /** one line, without a full stop */
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: CommandMaker }>;
}

/**
 * Makes the command: arguments, flags, help, and an action that prints to `cli.out`, sets `cli.exitCode` if it is not 0, and
 * throws what it cannot do.
 */
export type CommandMaker = (cli: Cli) => Command;
