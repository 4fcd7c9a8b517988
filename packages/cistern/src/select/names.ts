/** What was found, as the user can name it again: to this command line, and where it is a file to any program. */

import { join } from 'node:path';
import type { Selection } from './expand.ts';
import { escapeGlob } from './glob.ts';
import type { FoundVersion } from './walk-versions.ts';
import type { Found } from './walk.ts';

/** What would be read as a flag, a scheme or a remote at the beginning of a path. */
const MISREAD = /^-|^[A-Za-z][A-Za-z0-9+.-]+:/;

/** @param isLiteral it will be named with `--literal`, as this place was */
export function toNamer(selection: Selection, isLiteral = false): (found: Found | FoundVersion) => string {
  const { opened, text } = selection;
  if (opened.place.kind !== 'local') {
    return (found) => {
      const key = found.type === 'prefix' ? found.prefix : found.key;
      return opened.name(isLiteral ? key : escapeGlob(key));
    };
  }
  // A file that is there is not read as a pattern, whatever its name.
  const folder = localFolder(selection);
  if (!selection.isFolder) return () => text;
  return ({ name }) => {
    const path = folder + name;
    return MISREAD.test(path) ? `./${path}` : path;
  };
}

/** As the user wrote it, if that can be told apart from the pattern; with a slash at its end, or ''. */
function localFolder({ opened, text, pattern = '' }: Selection): string {
  const isPlain = !/^(?:file:|~)/.test(text) && opened.place.remote === undefined;
  if (isPlain && text.endsWith(pattern)) {
    const folder = text.slice(0, text.length - pattern.length);
    return pattern !== '' || folder.endsWith('/') ? folder : `${folder}/`;
  }
  return join(opened.place.path, '/');
}
