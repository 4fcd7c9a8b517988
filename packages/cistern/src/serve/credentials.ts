/**
 * The root key: from the environment, or made at the first start and kept in the data directory, readable by its owner
 * only, in the form that AWS's tools read (`AWS_SHARED_CREDENTIALS_FILE`). There is no built-in key.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isAccessKeyId, isSecretAccessKey } from './users.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface RootKey {
  readonly credentials: Credentials;
  /** Where the secret is: a file, or null for the environment (or the caller). */
  readonly file: string | null;
  /** True when it was made just now: the only time to show it. */
  readonly isNew: boolean;
}

export const CREDENTIALS_FILE = 'credentials';
const OWNER_ONLY = 0o600;
const SECRET_LENGTH = 40;

/** Reads the root key of a data directory, or makes one. The caller holds the directory's lock. */
export function rootKeyOf(dataDir: string): RootKey {
  const file = join(dataDir, CREDENTIALS_FILE);
  const stored = storedRootKey(dataDir);
  if (stored !== undefined) return { credentials: stored, file, isNew: false };
  const credentials = makeCredentials();
  // A file that must be new: one that is there already may be a link, or readable by others.
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeSynced(temporary, format(credentials));
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dataDir);
  return { credentials, file, isNew: true };
}

/** The root key that a data directory keeps; undefined: it keeps none. */
export function storedRootKey(dataDir: string): Credentials | undefined {
  const file = join(dataDir, CREDENTIALS_FILE);
  const text = readIfThere(file);
  return text === undefined ? undefined : parseCredentials(text, file);
}

/** 20 characters and 40 characters, as AWS's are; only letters and digits, which no shell and no tool takes for something else. */
export function makeCredentials(): Credentials {
  const accessKeyId = `CSTN${randomBytes(8).toString('hex').toUpperCase()}`;
  let secretAccessKey = '';
  while (secretAccessKey.length < SECRET_LENGTH) {
    secretAccessKey += randomBytes(SECRET_LENGTH)
      .toString('base64')
      .replaceAll(/[^A-Za-z0-9]/g, '');
  }
  return { accessKeyId, secretAccessKey: secretAccessKey.slice(0, SECRET_LENGTH) };
}

function format({ accessKeyId, secretAccessKey }: Credentials): string {
  return `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
}

function writeSynced(path: string, text: string): void {
  const fd = openSync(path, 'wx', OWNER_ONLY);
  try {
    // All of it, or an error: a single write may end short where the disk is full.
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A copy that was restored with a looser mode is closed to others again. */
function readIfThere(file: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    if ((fstatSync(fd).mode & 0o077) !== 0) fchmodSync(fd, OWNER_ONLY);
    return readFileSync(fd, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(
      `${file} cannot be read (${(error as Error).message}). It holds the root key: mend it, or set ` +
        'CISTERN_ACCESS_KEY_ID and CISTERN_SECRET_ACCESS_KEY.',
      { cause: error },
    );
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function parseCredentials(text: string, file: string): Credentials {
  const value = (name: string, isValid: (value: unknown) => value is string): string => {
    const found = new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)\\s*$`, 'm').exec(text)?.[1];
    if (isValid(found)) return found;
    throw new Error(
      `${file} has no${found === undefined ? '' : ' valid'} ${name}. Restore the file, or remove it to get a new root key.`,
    );
  };
  return {
    accessKeyId: value('aws_access_key_id', isAccessKeyId),
    secretAccessKey: value('aws_secret_access_key', isSecretAccessKey),
  };
}
