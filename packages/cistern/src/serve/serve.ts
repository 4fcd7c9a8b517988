/** `cistern serve`: starts the server, says where it is and how to use it, and ends it in order. */

import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { LIMITS } from '@cistern/server';
import { banner } from './banner.ts';
import { EXIT_FAILED } from '../command/exit-codes.ts';
import { readSettings } from './settings.ts';
import type { ServeFlags } from './settings.ts';
import { createSignalRule, ENDING_SIGNALS } from '../command/signals.ts';
import { startWithKey } from './start-server.ts';
import type { CisternServer } from './start-server.ts';

/** libuv's pool is one for the process and is sized at its first use: hashing, file reads, writes and syncs share it. */
const THREAD_POOL = 16;
/** A drain that takes longer is explained: nothing is to be seen of it otherwise. */
const EXPLAIN_AFTER_MS = 1000;

/** Resolves when the server listens; afterwards signals end it. */
export async function serve(flags: ServeFlags, environment: NodeJS.ProcessEnv): Promise<void> {
  process.env['UV_THREADPOOL_SIZE'] ??= String(THREAD_POOL);
  // Whoever reads the log or the terminal may go away. Serving goes on; the log is lost, the data is not.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
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
  const rule = createSignalRule(() => performance.now());
  for (const signal of ENDING_SIGNALS) {
    process.on(signal, () => {
      switch (rule(signal)) {
        case 'drain':
          void drain(server);
          break;
        case 'quit':
          // Nothing acknowledged is lost by not waiting.
          process.exit(EXIT_FAILED);
          break;
        case 'nothing':
          break;
      }
    });
  }
}

async function drain(server: CisternServer): Promise<void> {
  const explain = setTimeout(() => {
    say(`requests in flight have ${LIMITS.drainMs / 1000} s to finish; Ctrl-C or SIGTERM again ends at once`);
  }, EXPLAIN_AFTER_MS);
  try {
    await server.close();
    process.exit(0);
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(EXIT_FAILED);
  } finally {
    clearTimeout(explain);
  }
}

/** Written at once: the process may end before a stream is flushed. */
function say(message: string): void {
  try {
    writeSync(2, `cistern: ${message}\n`);
  } catch {
    // Nobody is there to read it.
  }
}
