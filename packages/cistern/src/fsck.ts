/** `cistern fsck`: checks a data directory that no server uses, and tells what it finds. */

import { resolve } from 'node:path';
import { lockDataDirectory, runFsck } from '@cistern/server';
import type { FsckEvent, FsckReport } from '@cistern/server';
import { FSCK_EXIT } from './exit-codes.ts';
import { FsckPrinter } from './fsck-printer.ts';

/** As commander gives them. */
export interface FsckFlags {
  readonly data: string;
  readonly quick?: true;
  readonly json?: true;
}

/** Resolves to the exit code; never rejects. */
export async function fsck(flags: FsckFlags): Promise<number> {
  const printer = new FsckPrinter({
    json: flags.json === true,
    out: process.stdout,
    terminal: process.stderr.isTTY ? process.stderr : undefined,
  });
  try {
    const report = await checkOffline(flags, (event) => printer.event(event));
    printer.report(report, flags.data);
    return report.clean ? FSCK_EXIT.clean : FSCK_EXIT.problems;
  } catch (error) {
    printer.clear();
    process.stderr.write(`cistern: ${error instanceof Error ? error.message : String(error)}\n`);
    return FSCK_EXIT.notRun;
  }
}

async function checkOffline(flags: FsckFlags, onEvent: (event: FsckEvent) => void): Promise<FsckReport> {
  const dataDir = resolve(flags.data);
  const lock = lockDataDirectory(dataDir);
  try {
    return await runFsck({ dataDir, live: false, quick: flags.quick === true, onEvent });
  } finally {
    lock.close();
  }
}
