/** Places whose store is a file or a folder of its own, which is not there: opening one makes it. */

import { existsSync } from 'node:fs';
import type { Place } from './place.ts';

/** Whoever only looks must not make what was mistyped. */
export function isMissingFile({ kind, path }: Place): boolean {
  return (kind === 'zip' || kind === 'sqlite' || kind === 'hashed') && !existsSync(path);
}
