/**
 * @module The server as a process of its own, for a test: what is still running when the test is over, because it failed,
 * is ended then, as the run would wait for it.
 */

import { after } from 'node:test';

import { launchServer } from '../support/server-process.ts';
import type { ServerProcess } from '../support/server-process.ts';

/** As `launchServer`. */
export function startServerProcess(
  dataDir: string,
  extraArguments: readonly string[] = [],
  runner: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  return launchServer({
    dataDir,
    arguments: extraArguments,
    runner,
    env,
    started: (child) => {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      after(async () => {
        child.kill('SIGKILL');
        await exited;
      });
    },
  });
}
