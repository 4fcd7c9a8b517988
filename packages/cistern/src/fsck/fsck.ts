/** `cistern fsck`: checks a data directory that no server uses, or asks the server that does, and tells what it finds. */

import { resolve } from 'node:path';
import { DataDirectoryLocked, lockDataDirectory, runFsck } from '@cistern/server';
import type { DataDirectory, FsckEvent, FsckReport } from '@cistern/server';
import { checkBlobs } from '../serve/check-options.ts';
import { FSCK_EXIT } from '../command/exit-codes.ts';
import { FsckPrinter } from './fsck-printer.ts';
import { checkRemote, findCredentials } from './fsck-remote.ts';
import { checkStorageClasses, parseStorageClasses } from '../serve/storage-classes.ts';

/** As commander gives them. */
export interface FsckFlags {
  readonly data: string;
  readonly endpoint?: string;
  readonly region: string;
  readonly storageClass: readonly string[];
  readonly blobs?: string;
  readonly quick?: true;
  readonly json?: true;
}

/** Resolves to the exit code; never rejects. */
export async function fsck(flags: FsckFlags, environment: NodeJS.ProcessEnv): Promise<number> {
  const printer = new FsckPrinter({
    json: flags.json === true,
    out: process.stdout,
    terminal: process.stderr.isTTY ? process.stderr : undefined,
  });
  try {
    const onEvent = (event: FsckEvent): void => printer.event(event);
    const { endpoint } = flags;
    const report =
      endpoint === undefined
        ? await checkOffline(flags, onEvent)
        : await checkLive({ ...flags, endpoint }, environment, onEvent);
    printer.report(report, endpoint ?? flags.data);
    return report.clean ? FSCK_EXIT.clean : FSCK_EXIT.problems;
  } catch (error) {
    printer.clear();
    process.stderr.write(`cistern: ${error instanceof Error ? error.message : String(error)}\n`);
    return FSCK_EXIT.notRun;
  }
}

function checkLive(
  { endpoint, region, data, quick }: FsckFlags & { readonly endpoint: string },
  environment: NodeJS.ProcessEnv,
  onEvent: (event: FsckEvent) => void,
): Promise<FsckReport> {
  const credentials = findCredentials(environment, resolve(data));
  return checkRemote({ endpoint, region, quick: quick === true, credentials }, onEvent);
}

async function checkOffline(flags: FsckFlags, onEvent: (event: FsckEvent) => void): Promise<FsckReport> {
  const dataDir = resolve(flags.data);
  const storageClasses = checkStorageClasses(parseStorageClasses(flags.storageClass));
  const lock = lockFor(dataDir, flags.data);
  try {
    return await runFsck({
      dataDir,
      storageClasses,
      blobs: flags.blobs === undefined ? null : checkBlobs({ url: flags.blobs }),
      live: false,
      quick: flags.quick === true,
      onEvent,
    });
  } finally {
    lock.close();
  }
}

function lockFor(dataDir: string, asGiven: string): DataDirectory {
  try {
    return lockDataDirectory(dataDir);
  } catch (error) {
    if (!(error instanceof DataDirectoryLocked)) throw error;
    throw new Error(
      `The data directory ${dataDir} is in use. Ask the server that uses it, at its address: ` +
        `cistern fsck --data ${asGiven} --endpoint http://127.0.0.1:9000`,
      { cause: error },
    );
  }
}
