/** `cistern` without a command: help, the version, and what is said to a command that is none. */

import { readFileSync } from 'node:fs';
import { COMMANDS } from '../commands/table.ts';
import { nearest } from '../failures/nearest.ts';
import type { Cli } from './cli.ts';
import { GROUPS } from './command-entry.ts';
import { EXIT_USAGE } from './exit-codes.ts';
import { findCommand, runCommand } from './run.ts';

export async function runRoot(cli: Cli, name: string, rest: readonly string[]): Promise<void> {
  if (name === '--version' || name === '-V') {
    await cli.out.line(readVersion());
    return;
  }
  if (name === 'help' || name === '--help' || name === '-h') {
    const [asked] = rest;
    const entry = asked === undefined ? undefined : findCommand(asked);
    if (entry !== undefined) await runCommand(cli, entry, [...rest.slice(1), '--help']);
    else if (asked === undefined) await cli.out.line(rootHelp());
    else refuse(cli, asked);
    return;
  }
  refuse(cli, name);
}

/** What other tools call it, and other shells. */
const ELSEWHERE = new Map<string, string>([
  ...['copy', 'get', 'download', 'upload'].map((word) => [word, 'cp'] as const),
  ...['move', 'rename', 'ren'].map((word) => [word, 'mv'] as const),
  ...['del', 'delete', 'remove'].map((word) => [word, 'rm'] as const),
  ...['list', 'dir'].map((word) => [word, 'ls'] as const),
  ...['info', 'show'].map((word) => [word, 'stat'] as const),
  ['compare', 'diff'],
  ['check', 'verify'],
  ['mkdir', 'mb'],
  ['share', 'presign'],
  ['server', 'serve'],
  ['version', '--version'],
]);

function refuse(cli: Cli, name: string): void {
  const names = COMMANDS.flatMap(({ name: own, aliases = [] }) => [own, ...aliases]);
  const meant = name.startsWith('-') ? undefined : (ELSEWHERE.get(name) ?? nearest(name, names));
  const what = name.startsWith('-') ? 'option' : 'command';
  cli.warn(`there is no ${what} ${name}${meant === undefined ? '' : `. Did you mean ${meant}?`}`);
  cli.stderr.write('  cistern --help names all commands.\n');
  cli.exitCode = EXIT_USAGE;
}

export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The whole of `cistern --help`. */
export function rootHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const groups = Object.entries(GROUPS).flatMap(([group, title]) => {
    const members = COMMANDS.filter((one) => one.group === group);
    if (members.length === 0) return [];
    const lines = members.map(({ name, aliases = [], summary }) => {
      const also = aliases.length === 0 ? '' : ` (also: ${aliases.join(', ')})`;
      return `  ${name.padEnd(width)}  ${summary}${also}`;
    });
    return [`${title}:\n${lines.join('\n')}`];
  });
  return `Usage: cistern <command> [options]

An S3-compatible object store that starts with one command and never loses an acknowledged write,
and a tool for any store: folders, S3, Azure, zip and SQLite.

${groups.join('\n\n')}

Places, wherever a command takes one:
  ./folder/file          this machine                    s3://bucket/key        any S3 service
  prod:bucket/key        a remote of yours               az://container/blob    Azure Blob Storage
  zip:a.zip/key          a zip archive                   sqlite:a.db/key        a SQLite file
  -                      standard input or output

cistern <command> --help says more of each. Options: --help, --version.`;
}
