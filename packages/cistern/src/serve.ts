/** `cistern serve`: starts the server, says where it is and how to use it, and ends it in order. */

import { writeSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { DataDirectoryLocked } from '@cistern/server';
import { CREDENTIALS_FILE, rootKeyOf } from './credentials.ts';
import type { RootKey } from './credentials.ts';
import { SettingsError, readSettings } from './settings.ts';
import type { ServeFlags } from './settings.ts';
import { startServer } from './start-server.ts';
import type { CisternServer } from './start-server.ts';

/** libuv's pool is one for the process and is sized at its first use: hashing, file reads, writes and syncs share it. */
const THREAD_POOL = 16;

/** Resolves when the server listens; afterwards signals end it. */
export async function serve(flags: ServeFlags): Promise<void> {
  process.env['UV_THREADPOOL_SIZE'] ??= String(THREAD_POOL);
  // Whoever read the log is gone (`| head`, a log shipper that was restarted): no reason to stop serving.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
  const settings = readSettings(flags, process.env);
  const dataDir = resolve(settings.dataDir ?? '.');
  const key: RootKey =
    settings.credentials === undefined
      ? rootKeyOf(dataDir)
      : { credentials: settings.credentials, file: null, isNew: false };
  const server = await startServer({
    ...settings,
    credentials: key.credentials,
    onCrash: (error) => {
      writeSync(2, `cistern: a thread has died, and the server ends: ${error.stack ?? error.message}\n`);
      process.exit(1);
    },
  });
  process.stdout.write(banner(server, key));
  endOnSignals(server);
}

function endOnSignals(server: CisternServer): void {
  let ending = false;
  const end = (): void => {
    // Asked twice, there is no waiting for requests in flight. Nothing acknowledged is lost by that.
    if (ending) process.exit(1);
    ending = true;
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        writeSync(2, `cistern: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

function banner(server: CisternServer, key: RootKey): string {
  const { endpoint, dataDir, region, threads, credentials } = server;
  const here = relative(process.cwd(), dataDir) || '.';
  const data = here.startsWith('..') ? dataDir : `./${here}`;
  const file = `${data}/${CREDENTIALS_FILE}`;
  const login =
    key.file === null
      ? `export AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY="$CISTERN_SECRET_ACCESS_KEY" AWS_DEFAULT_REGION=${region}`
      : `export AWS_SHARED_CREDENTIALS_FILE=${file} AWS_DEFAULT_REGION=${region}`;
  const secret = key.file === null ? 'as given' : `in ${file} (mode 0600)`;
  const shown = key.isNew ? `\n              ${credentials.secretAccessKey}  (shown this once)` : '';
  return `
Cistern serves S3 at ${endpoint}

  data        ${data}
  access key  ${credentials.accessKeyId}
  secret key  ${secret}${shown}
  region      ${region}
  threads     ${threads} HTTP, 1 writer

Try it:

  ${login}
  aws --endpoint-url ${endpoint} s3 mb s3://photos
  aws --endpoint-url ${endpoint} s3 cp README.md s3://photos/

`;
}

/** Prints what went wrong in one line where the user can mend it, with the stack where only we can. */
export function explainFailure(error: unknown): string {
  if (error instanceof SettingsError || error instanceof DataDirectoryLocked) return error.message;
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'EADDRINUSE':
      return 'The port is in use. Stop what uses it, choose another with --port, or let --port 0 find a free one.';
    case 'EACCES':
      return `${(error as Error).message}. Choose a port above 1023, or a data directory that you may write to.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${(error as Error).message}. --host is an address of this machine: 127.0.0.1, 0.0.0.0 (all), ::1 …`;
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
