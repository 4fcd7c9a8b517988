/** A process of its own that transfers a file to a service and back, and tells by how much its memory has grown. */

import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { local } from '@cistern/store/local';
import { s3 } from '@cistern/store/s3';
import type { S3Options } from '@cistern/store/s3';
import { transfer } from '@cistern/store/transfers';
import { peakMib } from '../support/peak-memory.ts';

export interface TransferTask {
  readonly options: S3Options;
  /** empty */
  readonly folder: string;
  readonly size: number;
}

export interface TransferGrowth {
  readonly upMib: number;
  readonly downMib: number;
}

async function run({ options, folder, size }: TransferTask): Promise<TransferGrowth> {
  mkdirSync(join(folder, 'up'));
  for (const [name, bytes] of [
    ['warm', 20 * 1024 * 1024],
    ['large', size],
  ] as const) {
    writeFileSync(join(folder, 'up', name), '');
    truncateSync(join(folder, 'up', name), bytes);
  }
  await using up = local(join(folder, 'up'));
  await using down = local(join(folder, 'down'));
  await using box = s3(options);
  const both = async (name: string, bytes: number): Promise<TransferGrowth> => {
    const start = peakMib(process.pid);
    await transfer(up, { key: name, size: bytes }, box, name);
    const half = peakMib(process.pid);
    await transfer(box, { key: name, size: bytes }, down, name);
    return { upMib: half - start, downMib: peakMib(process.pid) - half };
  };
  // What the program itself needs is in memory then.
  await both('warm', 20 * 1024 * 1024);
  return await both('large', size);
}

const [task] = process.argv.slice(2);
if (import.meta.main && task !== undefined) {
  process.stdout.write(JSON.stringify(await run(JSON.parse(task) as TransferTask)));
}
