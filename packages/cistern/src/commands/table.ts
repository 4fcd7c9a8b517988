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
  entry('tree', 'look', 'Show folders and objects as a tree', () => import('./tree.ts')),
  entry('stat', 'look', 'Say all that is known of objects and buckets', () => import('./stat.ts')),
  entry('du', 'look', 'Count objects and their bytes', () => import('./du.ts')),
  entry('find', 'look', 'Find objects by name, age and size', () => import('./find.ts')),
  entry('uploads', 'look', 'List, abort and resume uploads in progress', () => import('./uploads.ts')),
  entry('cat', 'look', 'Print objects, also while they are uploaded', () => import('./cat.ts')),
  entry('head', 'look', 'Print the beginning of objects', () => import('./head.ts')),
  entry('tail', 'look', 'Print the end of objects, and what comes after it', () => import('./tail.ts')),
  entry('versions', 'look', 'List the versions of objects', () => import('./versions.ts')),
  entry('presign', 'look', 'Print a URL that works for anyone, for a time', () => import('./presign.ts')),

  entry('cp', 'move', 'Copy between any two places', () => import('./cp.ts')),
  entry('mv', 'move', 'Move between any two places', () => import('./mv.ts')),
  entry('put', 'move', 'Store a pipe or a file, also so that others can follow', () => import('./put.ts')),
  entry('sync', 'move', 'Make one place like another', () => import('./sync.ts'), ['mirror']),

  entry('mb', 'change', 'Make buckets', () => import('./mb.ts')),
  entry('rb', 'change', 'Remove buckets', () => import('./rb.ts')),
  entry('rm', 'change', 'Delete objects', () => import('./rm.ts')),
  entry('undelete', 'change', 'Bring back what was deleted', () => import('./undelete.ts')),
  entry('tag', 'change', 'Print or set tags', () => import('./tag.ts')),
  entry(
    'versioning',
    'change',
    'Say whether a bucket keeps versions, or set it',
    () => import('./versioning.ts'),
  ),
  entry('snapshot', 'change', 'Keep buckets as they are, and fork them', () => import('./snapshot.ts')),

  entry('diff', 'compare', 'Tell what two places do not have in common', () => import('./diff.ts')),
  entry('verify', 'compare', 'Compare two places by content', () => import('./verify.ts')),

  entry('serve', 'serve', 'Serve S3 from a data directory', () => import('../serve/command.ts')),
  entry('fsck', 'serve', 'Check a data directory, and change nothing', () => import('../fsck/command.ts')),

  entry('bench', 'setup', 'Measure how fast a store is from here', () => import('./bench.ts')),
  entry('doctor', 'setup', 'Look for what is wrong, and say what to do', () => import('./doctor.ts')),
  entry('remote', 'setup', 'Name places, and keep how to reach them', () => import('./remote.ts')),
  entry('completion', 'setup', 'Complete commands and flags in a shell', () => import('./completion.ts')),
];
