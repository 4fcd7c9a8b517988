/**
 * @module Runs the command-line clients of others in a home of their own, so that no configuration of the machine's
 * user is read or written, and no request leaves the machine.
 *
 * It is not a shell. A client that is missing is a reason to skip, never a failure.
 */

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A client that hangs is a failure of the test, not of the whole run. */
const CLIENT_TIMEOUT_MS = 60_000;

const CLIENT_OUTPUT_BYTES_MAX = 16 << 20;

/** For `skip`: why the tests of a client cannot run, or false. @param from where to get it, for the reader */
export function needsCommand(name: string, from: string): string | false {
  return isInstalled(name) ? false : `${name} is not installed: ${from}`;
}

function isInstalled(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface Sandbox {
  /** an empty directory, the client's `HOME` and working directory, removed after the file's tests */
  home: string;
  /** Resolves to standard output; rejects with what the client wrote to standard error unless it exits with 0. */
  run: (command: string, ...args: string[]) => Promise<string>;
  /** The exit code and both outputs, whatever they are. */
  attempt: (command: string, ...args: string[]) => Promise<{ code: number; stdout: string; stderr: string }>;
}

/** @param environment added to PATH and HOME, the only variables that clients inherit */
export async function createSandbox(environment: Readonly<Record<string, string>> = {}): Promise<Sandbox> {
  const home = await mkdtemp(join(tmpdir(), 'cistern-client-'));
  after(() => rm(home, { recursive: true, force: true }));
  const empty = join(home, 'empty-config');
  await writeFile(empty, '');
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    LC_ALL: 'C.UTF-8',
    AWS_CONFIG_FILE: empty,
    AWS_SHARED_CREDENTIALS_FILE: empty,
    // Without these, AWS clients ask the address of the cloud's metadata service.
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_DEFAULT_REGION: 'us-east-1',
    ...environment,
  };
  const options = { cwd: home, env, timeout: CLIENT_TIMEOUT_MS, maxBuffer: CLIENT_OUTPUT_BYTES_MAX };

  const attempt: Sandbox['attempt'] = async (command, ...args) => {
    try {
      return { code: 0, ...(await execute(command, args, options)) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: unknown; stdout?: string; stderr?: string };
      // Not an exit code: it could not be started, or it had to be killed.
      if (typeof code !== 'number') throw error;
      return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
    }
  };

  return {
    home,
    attempt,
    run: async (command, ...args) => {
      const { code, stdout, stderr } = await attempt(command, ...args);
      if (code !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${code}: ${stderr}${stdout}`);
      return stdout;
    },
  };
}
