/** What the system says against a file or a folder of this machine: by its code. */

import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EXIT_FAILED, EXIT_NOT_ALLOWED, EXIT_NOT_FOUND } from '../command/exit-codes.ts';
import type { Told } from './explanation.ts';
import { nearest } from './nearest.ts';

type Teller = (path: string) => Told;

const notThere: Teller = (path) => {
  const meant = neighbour(path);
  return {
    message: `There is no ${path}${meant === undefined ? '' : `. Did you mean ${meant}?`}`,
    advice: 'Check the spelling, and the folder that you are in.',
  };
};

const denied: Teller = (path) => ({
  message: `You may not read or change ${path}`,
  advice: 'Look at its owner and its permissions, and at those of the folder it is in (ls -ld).',
});

const full: Teller = (path) => ({
  message: `There is no room left for ${path}, or a quota is reached`,
  advice: 'Make room, or name a folder on another disk; the same command then goes on.',
});

const isFolder: Teller = (path) => ({
  message: `${path} is a folder, and a file is needed`,
  advice: 'With -r the command takes all that is in a folder, where it has that flag.',
});

const tooManyFiles: Teller = () => ({
  message: 'Too many files are open',
  advice: 'Raise the limit for this shell: ulimit -n 4096 (cistern doctor shows it).',
});

const notFolder: Teller = (path) => ({
  message: `Part of ${path} is a file, and no folder`,
  advice: 'Move that file away, or choose another name.',
});

const BY_CODE: Readonly<Record<string, Teller>> = {
  ENOENT: notThere,
  EACCES: denied,
  EPERM: denied,
  ENOSPC: full,
  EDQUOT: full,
  EISDIR: isFolder,
  EMFILE: tooManyFiles,
  ENFILE: tooManyFiles,
  ENOTDIR: notFolder,
  // Of a folder that was to be made.
  EEXIST: notFolder,
  EROFS: (path) => ({
    message: `${path} is on a disk that is mounted for reading only`,
    advice: 'Choose another folder.',
  }),
  ELOOP: (path) => ({
    message: `A symbolic link stands at ${path}, and links out of a folder are not followed`,
    advice: 'Name the folder to which it leads.',
  }),
  ENAMETOOLONG: (path) => ({
    message: `${path} is too long a name for this file system`,
    advice: 'zip:, sqlite: and hashed: take any key.',
  }),
  EBUSY: (path) => ({ message: `${path} is in use`, advice: 'Try again when the other program is done.' }),
  EIO: (path) => ({
    message: `The disk failed at ${path}`,
    advice: "Look into the system's log, and save what you can.",
  }),
};

/** Exit codes of errors that no store has met. */
export const FILE_EXIT: Readonly<Record<string, number>> = {
  ENOENT: EXIT_NOT_FOUND,
  EACCES: EXIT_NOT_ALLOWED,
  EPERM: EXIT_NOT_ALLOWED,
  ENOSPC: EXIT_FAILED,
};

/** @param path absolute @returns undefined for codes that say nothing to a person */
export function explainFile(code: string, path: string): Told | undefined {
  return BY_CODE[code]?.(path);
}

/** What stands beside it, or beside the first of its folders that is not there, under nearly the same name. */
function neighbour(path: string): string | undefined {
  const folder = dirname(path);
  if (folder === path) return undefined;
  try {
    const found = nearest(basename(path), readdirSync(folder));
    return found === undefined ? undefined : join(folder, found);
  } catch {
    return undefined;
  }
}
