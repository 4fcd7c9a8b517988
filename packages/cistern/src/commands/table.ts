/** Every command, in the order of its help. The file of one is loaded when it runs, and no other. */

import type { CommandEntry } from '../command/command-entry.ts';

function entry(
  name: string,
  group: CommandEntry['group'],
  summary: string,
  load: CommandEntry['load'],
  aliases?: readonly string[],
): CommandEntry {
  return { name, group, summary, load, ...(aliases !== undefined && { aliases }) };
}

export const COMMANDS: readonly CommandEntry[] = [
  entry('ls', 'look', 'List buckets, folders and objects', () => import('./ls.ts')),
  entry('cat', 'look', 'Print objects, also while they are uploaded', () => import('./cat.ts')),
  entry('put', 'move', 'Store a pipe or a file, also so that others can follow', () => import('./put.ts')),

  entry('cp', 'move', 'Copy between any two places', () => import('./cp.ts')),
  entry('mv', 'move', 'Move between any two places', () => import('./mv.ts')),

  entry('serve', 'serve', 'Serve S3 from a data directory', () => import('../serve/command.ts')),
  entry('fsck', 'serve', 'Check a data directory, and change nothing', () => import('../fsck/command.ts')),

  entry('bench', 'setup', 'Measure how fast a store is from here', () => import('./bench.ts')),
  entry('doctor', 'setup', 'Look for what is wrong, and say what to do', () => import('./doctor.ts')),
  entry('remote', 'setup', 'Name places, and keep how to reach them', () => import('./remote.ts')),
  entry('completion', 'setup', 'Complete commands and flags in a shell', () => import('./completion.ts')),
];
