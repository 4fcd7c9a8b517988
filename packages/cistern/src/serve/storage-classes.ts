/**
 * What storage classes mean, as it is configured: `GLACIER=/mnt/cold,zstd` on the command line, options in a program.
 * Directories are looked at when the server starts.
 */

import { resolve } from 'node:path';
import { STORAGE_CLASSES } from '@cistern/protocol';
import type { StorageClassMap } from '@cistern/server';
import { OptionError } from '../values/option-error.ts';
import type { StorageClassOptions } from './start-server.ts';

type Classes = Readonly<Record<string, StorageClassOptions>>;

const FIELDS = ['directory', 'compression'];
const FORM = 'It is CLASS=DIRECTORY, CLASS=DIRECTORY,zstd or CLASS=,zstd';

const wrong = (reason: string): OptionError => new OptionError('storageClasses', reason);

/** @throws OptionError */
export function parseStorageClasses(texts: readonly string[]): Classes {
  const classes = new Map<string, StorageClassOptions>();
  for (const text of texts) {
    const [, name, directory = '', codec] = /^([^=]*)=([^,]*)(?:,(.*))?$/.exec(text) ?? [];
    if (name === undefined) throw wrong(`${JSON.stringify(text)} is no class with its directory. ${FORM}.`);
    if (classes.has(name)) throw wrong(`${name} is given twice.`);
    if (codec !== undefined && codec !== 'zstd')
      throw wrong(`what follows the comma in ${JSON.stringify(text)} must be zstd. ${FORM}.`);
    if (directory === 'zstd')
      throw wrong(
        `write ${name}=,zstd for compression alone, or ${name}=./zstd for a directory of that name.`,
      );
    classes.set(name, {
      ...(directory !== '' && { directory }),
      ...(codec !== undefined && { compression: codec }),
    });
  }
  return Object.fromEntries(classes);
}

/** @throws OptionError */
export function checkStorageClasses(classes: Classes): StorageClassMap {
  return Object.fromEntries(Object.entries(classes).map(([name, options]) => [name, check(name, options)]));
}

function check(name: string, options: StorageClassOptions): StorageClassMap[string] {
  if (!STORAGE_CLASSES.some((one) => one === name))
    throw wrong(
      `there is no storage class ${JSON.stringify(name)}. Classes are ${STORAGE_CLASSES.join(', ')}.`,
    );
  const unknown = Object.keys(options).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined)
    throw wrong(`${name} has an unknown field ${JSON.stringify(unknown)}. Fields are ${FIELDS.join(', ')}.`);
  const { directory, compression = 'none' } = options;
  if (directory !== undefined && (typeof directory !== 'string' || directory === ''))
    throw wrong(`the directory of ${name} must be a path.`);
  if (compression !== 'none' && compression !== 'zstd')
    throw wrong(`the compression of ${name} must be zstd or none, not ${JSON.stringify(compression)}.`);
  if (directory === undefined && compression === 'none')
    throw wrong(`${name} is given neither a directory nor compression.`);
  return { directory: directory === undefined ? null : resolve(directory), compression };
}
