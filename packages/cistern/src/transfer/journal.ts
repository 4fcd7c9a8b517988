/**
 * Where large transfers are remembered, so that the same command goes on with them later: a file for each in the user's folder of state,
 * readable by its owner alone. It never holds keys or bytes, and losing it costs no more than sending again.
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal } from '@cistern/store/transfers';
import { homeFolder } from '../places/home.ts';
import type { Cli } from '../command/cli.ts';

/** What nobody went on with for so long is forgotten. */
const OLD_MS = 30 * 24 * 60 * 60 * 1000;
const OWNER_ONLY = 0o600;

/** `cistern/transfers` in `XDG_STATE_HOME`, or in the usual place of state. */
export function journalFolder(env: NodeJS.ProcessEnv): string {
  const state = env['XDG_STATE_HOME'] || join(homeFolder(env), '.local', 'state');
  return join(state, 'cistern', 'transfers');
}

/** The user's own journal: what one command left under way, another one of the same words goes on with. */
export function userJournal(cli: Cli): Journal {
  return fileJournal(journalFolder(cli.env), (error) =>
    cli.warn(`what is under way cannot be remembered, to be gone on with later: ${error.message}`),
  );
}

/**
 * A journal in a folder, which is made when something is first written. Two processes may use it at the same time.
 *
 * @param onLost called once when nothing can be kept there: transfers go on, and leave nothing to be gone on with
 */
export function fileJournal(folder: string, onLost: (error: Error) => void, nowMs = Date.now()): Journal {
  let ready: Promise<void> | undefined;
  let isLost = false;
  // Names say what is transferred: hashed, they fit any file system and tell nobody.
  const pathOf = (name: string): string =>
    join(folder, `${createHash('sha256').update(name).digest('hex')}.json`);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isLost) onLost(error as Error);
      isLost = true;
      // A transfer that nobody can go on with leaves nothing behind.
      throw error;
    }
  };
  return {
    read: (name) => readFile(pathOf(name), 'utf8').catch(() => undefined),
    write: (name, text) =>
      attempt(async () => {
        await (ready ??= prepare(folder, nowMs));
        const path = pathOf(name);
        const draft = `${path}.${randomBytes(6).toString('hex')}.draft`;
        try {
          await writeFile(draft, text, { mode: OWNER_ONLY, flag: 'wx' });
          await rename(draft, path);
        } catch (error) {
          await rm(draft, { force: true });
          throw error;
        }
      }),
    remove: (name) => attempt(() => rm(pathOf(name), { force: true })),
  };
}

async function prepare(folder: string, nowMs: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    // Another process may have done it.
    if (found !== undefined && nowMs - found.mtimeMs > OLD_MS) await rm(path, { force: true });
  }
}
