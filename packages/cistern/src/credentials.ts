/**
 * The root key: from the environment, or made at the first start and kept in the data directory, readable by its owner
 * only, in the form that AWS's tools read (`AWS_SHARED_CREDENTIALS_FILE`). There is no built-in key.
 */

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

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

/** Reads the root key of a data directory, or makes one. */
export function rootKeyOf(dataDir: string): RootKey {
  const file = join(dataDir, CREDENTIALS_FILE);
  const text = readIfThere(file);
  if (text !== undefined) return { credentials: parseCredentials(text, file), file, isNew: false };
  const credentials = makeCredentials();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const content = `[default]\naws_access_key_id = ${credentials.accessKeyId}\naws_secret_access_key = ${credentials.secretAccessKey}\n`;
  // A file that must be new: one that is there already may be a link, or readable by others.
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
  return { credentials, file, isNew: true };
}

/** 20 characters and 40 characters, as AWS's are. */
export function makeCredentials(): Credentials {
  const accessKeyId = `CSTN${randomBytes(10).toString('hex').slice(0, 16).toUpperCase()}`;
  return { accessKeyId, secretAccessKey: randomBytes(30).toString('base64url') };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseCredentials(text: string, file: string): Credentials {
  const value = (name: string): string => {
    const found = new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)\\s*$`, 'm').exec(text)?.[1];
    if (found === undefined)
      throw new Error(`${file} has no ${name}. Restore the file, or remove it to get a new root key.`);
    return found;
  };
  return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') };
}
