/** Flags that `serve` and `fsck` share: each is an environment variable, too. */

import { Option } from 'commander';

export const flag = (name: string, description: string, variable: string): Option =>
  new Option(name, description).env(`CISTERN_${variable}`);

/** A flag that may be repeated, and takes several values separated by commas, or by `separator`. */
export const list = (name: string, description: string, variable: string, separator = ','): Option =>
  flag(name, description, variable).argParser((value: string, earlier: string[]) => [
    ...earlier,
    ...value
      .split(separator)
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  ]);

export const dataDirectory = (description: string): Option =>
  flag('--data <dir>', description, 'DATA').default('./data');

export const serverRegion = (): Option =>
  flag('--region <name>', 'region that signatures name', 'REGION').default('us-east-1');

export const serverBlobs = (): Option =>
  flag(
    '--blobs <url>',
    'keep what objects above 64 KiB consist of in another store (default: in the data directory); see below',
    'BLOBS',
  );

export const storageClass = (): Option =>
  list(
    '--storage-class <class=dir,zstd>',
    "a class's own directory, compression, or both: repeat, or separate by semicolons; see below",
    'STORAGE_CLASS',
    ';',
  ).default([], 'none');
