/** All commands with their flags, as scripts of completion need them: read off the commands themselves, so that none is forgotten. */

import type { Argument, Command, Option } from 'commander';
import type { Cli } from '../command/cli.ts';
import { COMMANDS } from '../commands/table.ts';

export interface CommandNode {
  /** `ls`, `remote add`; '' for the program itself */
  readonly path: string;
  /** by which it is called: its own and its aliases */
  readonly names: readonly [string, ...string[]];
  readonly summary: string;
  readonly flags: readonly FlagNode[];
  readonly below: readonly CommandNode[];
  readonly takes: Takes;
}

/** What its arguments are; a list: one of these words. */
export type Takes = 'places' | 'remotes' | 'nothing' | readonly string[];

export interface FlagNode {
  /** `-l` */
  readonly short: string | undefined;
  /** `--long` */
  readonly long: string | undefined;
  readonly description: string;
  /** undefined: it takes none */
  readonly value: ValueNode | undefined;
}

export interface ValueNode {
  /** as help calls it */
  readonly name: string;
  /** a list: one of these words */
  readonly kind: 'file' | 'any' | readonly string[];
}

const HELP: FlagNode = { short: '-h', long: '--help', description: 'display help', value: undefined };
const VERSION: FlagNode = {
  short: '-V',
  long: '--version',
  description: 'print the version',
  value: undefined,
};

/** Loads every command. */
export async function commandTree(cli: Cli): Promise<CommandNode> {
  const below = await Promise.all(
    COMMANDS.map(async ({ load, name, aliases = [], summary }) => {
      const { command } = await load();
      return toNode(command(cli), name, [name, ...aliases], summary);
    }),
  );
  return { path: '', names: ['cistern'], summary: '', flags: [HELP, VERSION], below, takes: 'nothing' };
}

/** Itself and all below it. */
export function allNodes(root: CommandNode): CommandNode[] {
  return [root, ...root.below.flatMap(allNodes)];
}

function toNode(command: Command, path: string, names: CommandNode['names'], summary: string): CommandNode {
  const below = command.commands.map((one) =>
    toNode(one, `${path} ${one.name()}`, [one.name(), ...one.aliases()], firstSentence(one.description())),
  );
  const flags = command.options.filter((one) => !one.hidden).map(toFlag);
  return {
    path,
    names,
    summary,
    flags: [...flags, HELP],
    below,
    takes: takesOf(path, command.registeredArguments),
  };
}

function takesOf(path: string, [first]: readonly Argument[]): Takes {
  if (first === undefined) return 'nothing';
  if (first.argChoices !== undefined) return first.argChoices;
  // The name of a new one is nobody's to guess; what it is to stand for is a place.
  return path.startsWith('remote ') && path !== 'remote add' ? 'remotes' : 'places';
}

function toFlag({ short, long, description, flags, required, optional, argChoices }: Option): FlagNode {
  const name = /[<[]([^\]>]+)[\]>]/.exec(flags)?.[1] ?? '';
  const isFile = /^(?:file|dir|folder|path)$/.test(name);
  const value = required || optional ? { name, kind: argChoices ?? (isFile ? 'file' : 'any') } : undefined;
  return { short, long, description: firstSentence(description), value } as FlagNode;
}

function firstSentence(text: string): string {
  return text.replace(/\.(?: .*)?$/s, '');
}
