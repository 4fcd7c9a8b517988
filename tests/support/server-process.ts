/** @module The server as a process of its own, so that it can be killed. For tests and for proofs alike. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { S3 } from './s3.ts';

const LAUNCHER = fileURLToPath(new URL('../../packages/cistern/bin/cistern.js', import.meta.url));

export const CREDENTIALS = { accessKeyId: 'faults', secretAccessKey: 'faults-secret-key' };

export interface ServerProcess {
  readonly child: ChildProcess;
  readonly endpoint: string;
  readonly s3: S3;
  /** resolves to the exit code, or null after a signal */
  readonly exited: Promise<number | null>;
  /** what it has written to standard error so far */
  log(): string;
  /** ends it at once, as a power cut would end the process; resolves when it is gone */
  kill(): Promise<void>;
}

/** How the process ended that never came to listen. */
export class StartFailure extends Error {
  readonly exitCode: number | null;

  constructor(exitCode: number | null, log: string) {
    super(log);
    this.exitCode = exitCode;
  }
}

export interface LaunchOptions {
  readonly dataDir: string;
  /** of `cistern serve`, after the port and the data directory */
  readonly arguments?: readonly string[];
  /** a command, with its arguments, that is to become the server: given the server's command line */
  readonly runner?: readonly string[];
  /** beside this process's own; undefined takes one away */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** given the process at once, before it listens */
  readonly started?: (child: ChildProcess) => void;
}

/** Resolves when it listens; rejects with `StartFailure` when it ends before. The caller ends it. */
export function launchServer({
  dataDir,
  arguments: extra = [],
  runner = [],
  env = {},
  started,
}: LaunchOptions): Promise<ServerProcess> {
  const serve = [process.execPath, LAUNCHER, 'serve', '--port', '0', '--data', dataDir];
  const [command = '', ...args] = [...runner, ...serve, ...extra];
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CISTERN_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      CISTERN_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      CISTERN_LOG_LEVEL: 'warn',
      ...env,
    },
  });
  started?.(child);
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const endpoint = /serves S3 at (\S+)\n/.exec(output)?.[1];
      if (endpoint === undefined) return;
      const s3 = new S3({ endpoint, credentials: CREDENTIALS, region: 'us-east-1' });
      const kill = async (): Promise<void> => {
        child.kill('SIGKILL');
        await exited;
        await s3.close();
      };
      resolve({ child, endpoint, s3, exited, log: () => log, kill });
    });
    // What it has written last is read when its streams are closed, which may be after its end.
    child.once('close', (code) => reject(new StartFailure(code, log)));
  });
}
