/** `cistern serve`: starts the server, says where it is and how to use it, and ends it in order. */

import { writeSync } from 'node:fs';
import { banner } from './banner.ts';
import { EXIT_FAILED } from './exit-codes.ts';
import { readSettings } from './settings.ts';
import type { ServeFlags } from './settings.ts';
import { startWithKey } from './start-server.ts';
import type { CisternServer } from './start-server.ts';

/** libuv's pool is one for the process and is sized at its first use: hashing, file reads, writes and syncs share it. */
const THREAD_POOL = 16;

/** Resolves when the server listens; afterwards signals end it. */
export async function serve(flags: ServeFlags, environment: NodeJS.ProcessEnv): Promise<void> {
  process.env['UV_THREADPOOL_SIZE'] ??= String(THREAD_POOL);
  const { server, key } = await startWithKey({
    ...readSettings(flags, environment),
    onCrash: (error) => {
      say(`a thread has died, and the server ends: ${error.stack ?? error.message}`);
      process.exit(EXIT_FAILED);
    },
  });
  endOnSignals(server);
  process.stdout.write(banner(server, { key, host: flags.host, cwd: process.cwd() }));
}

function endOnSignals(server: CisternServer): void {
  let ending = false;
  const end = (): void => {
    // Asked twice, there is no waiting for requests in flight. Nothing acknowledged is lost by that.
    if (ending) process.exit(EXIT_FAILED);
    ending = true;
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        say(String(error));
        process.exit(EXIT_FAILED);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

/** Written at once: the process may end before a stream is flushed. */
function say(message: string): void {
  try {
    writeSync(2, `cistern: ${message}\n`);
  } catch {
    // Nobody is there to read it.
  }
}
