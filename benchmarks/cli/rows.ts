/** What every tool does, and the data for it. */

import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import type { Tool } from './tools.ts';

export interface Volume {
  readonly files: number;
  readonly largeBytes: number;
  readonly keys: number;
}

export const FULL: Volume = { files: 10_000, largeBytes: 2 ** 31, keys: 100_000 };
export const QUICK: Volume = { files: 1000, largeBytes: 2 ** 27, keys: 5000 };

export const BUCKET = 'bench-cli';
const FILE_BYTES = 4096;
/** Enough to tell them apart; what they hold is not read. */
const TINY_BYTES = 100;
const FILES_A_FOLDER = 100;

export interface Place {
  readonly folder: string;
  readonly volume: Volume;
}

export interface Row {
  readonly id: string;
  readonly name: (volume: Volume) => string;
  /** @param run tells runs apart: what one has written another must not find */
  command(tool: Tool, place: Place, run: string): readonly string[];
  /** what a run leaves on this machine */
  leftovers?(place: Place, run: string): string;
  /** what it leaves takes much room, and is removed at once */
  readonly isLarge?: boolean;
}

const count = (value: number): string => value.toLocaleString('en-US');
const large = ({ largeBytes }: Volume): string =>
  largeBytes >= 2 ** 30 ? `${largeBytes / 2 ** 30} GiB` : `${largeBytes / 2 ** 20} MiB`;

const down = ({ folder }: Place, run: string): string => join(folder, `down-${run}`);

export const ROWS: readonly Row[] = [
  {
    id: 'up-small',
    name: ({ files }) => `${count(files)} files of 4 KiB, up`,
    command: (tool, { folder }, run) => tool.uploadTree(join(folder, 'small'), BUCKET, `up-${run}`),
  },
  {
    id: 'down-small',
    name: ({ files }) => `${count(files)} files of 4 KiB, down`,
    command: (tool, place, run) => tool.downloadTree(BUCKET, 'small', down(place, run)),
    leftovers: down,
  },
  {
    id: 'up-large',
    name: (volume) => `${large(volume)}, up`,
    command: (tool, { folder }, run) => tool.uploadFile(join(folder, 'large'), BUCKET, `large-${run}`),
    isLarge: true,
  },
  {
    id: 'down-large',
    name: (volume) => `${large(volume)}, down`,
    command: (tool, place, run) => tool.downloadFile(BUCKET, 'large', down(place, run)),
    leftovers: down,
    isLarge: true,
  },
  {
    id: 'sync',
    name: ({ keys }) => `sync of ${count(keys)} keys, nothing to do`,
    command: (tool, { folder }) => tool.sync(join(folder, 'many'), BUCKET, 'many'),
  },
  {
    id: 'ls',
    name: ({ keys }) => `ls of ${count(keys)} keys`,
    command: (tool) => tool.list(BUCKET, 'many'),
  },
];

/** Writes the files, which `up` then puts where rows look for them. */
export async function prepare(
  { folder, volume }: Place,
  up: (command: (tool: Tool) => readonly string[]) => Promise<void>,
): Promise<void> {
  await writeTree(join(folder, 'small'), volume.files, FILE_BYTES);
  await writeTree(join(folder, 'many'), volume.keys, TINY_BYTES);
  await writeLarge(join(folder, 'large'), volume.largeBytes);
  await up((tool) => tool.uploadTree(join(folder, 'small'), BUCKET, 'small'));
  await up((tool) => tool.uploadTree(join(folder, 'many'), BUCKET, 'many'));
  await up((tool) => tool.uploadFile(join(folder, 'large'), BUCKET, 'large'));
}

async function writeTree(folder: string, files: number, bytes: number): Promise<void> {
  for (let first = 0; first < files; first += FILES_A_FOLDER) {
    const below = join(folder, `folder-${String(first / FILES_A_FOLDER).padStart(5, '0')}`);
    await mkdir(below, { recursive: true });
    const last = Math.min(files, first + FILES_A_FOLDER);
    for (let file = first; file < last; file++) {
      await writeFile(join(below, `file-${file}.bin`), randomFillSync(Buffer.allocUnsafe(bytes)));
    }
  }
}

async function writeLarge(path: string, bytes: number): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, 'w');
  const chunk = Buffer.allocUnsafe(2 ** 24);
  for (let written = 0; written < bytes; written += chunk.length) await file.write(randomFillSync(chunk));
  await file.close();
}
