/** Before all of a store goes, somebody has said so. */

import { sep } from 'node:path';
import type { Cli } from '../command/cli.ts';
import { homeFolder } from '../places/home.ts';
import type { Selection } from '../select/expand.ts';
import { toFilter } from '../select/filters.ts';
import { confirm } from '../terminal/confirm.ts';
import type { RmFlags } from './rm-flags.ts';

/** Asks about each that is a whole store. @throws {Failure} when one is not to be deleted */
export async function confirmAll(cli: Cli, selections: readonly Selection[], flags: RmFlags): Promise<void> {
  const { recursive, dryRun, yes, allVersions } = flags;
  if (dryRun === true) return;
  const all = toFilter(flags) === undefined ? 'all that is in' : 'all that the filters mean in';
  const what = allVersions === true ? `all versions of ${all}` : all;
  for (const selection of selections) {
    if (recursive === true && isWhole(selection)) {
      await confirm(cli, { question: `Delete ${what} ${selection.text}?`, yes: yes === true });
    } else if (isWhole({ ...selection, pattern: undefined }) && matchesAll(selection, recursive === true)) {
      await confirm(cli, { question: `Delete all that matches ${selection.text}?`, yes: yes === true });
    }
  }
}

/** Patterns that leave nothing of where they begin: a star for each name, and all that is below. */
function matchesAll({ pattern }: Selection, recursive: boolean): boolean {
  if (pattern === undefined || !/^(?:\*+\/)*\*+$/.test(pattern)) return false;
  return recursive ? true : pattern.includes('**');
}

/** A bucket, a file that is a store, all that a remote stands for; of this machine's folders those that hold one's home or the folder one is in. */
export function isWhole({ pattern, key, opened }: Selection): boolean {
  if (pattern !== undefined) return false;
  const { kind, path, remoteKey } = opened.place;
  if (kind !== 'local') return key === '' || key === remoteKey || `${key}/` === remoteKey;
  const isIn = (folder: string): boolean =>
    `${folder}${sep}`.startsWith(path.endsWith(sep) ? path : path + sep);
  return isIn(homeFolder(process.env)) || isIn(process.cwd());
}
