/** What of this machine a command depends on: the runtime, the user's files and folders, room, limits. Changes nothing. */

import { accessSync, constants, readFileSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { homeFolder } from '../places/home.ts';
import { looseMode, readRemotes, remotesPath } from '../places/remotes.ts';
import { formatBytes } from '../terminal/sizes.ts';
import { journalFolder } from '../transfer/journal.ts';
import { ok, problem, warning } from './finding.ts';
import type { CheckName, Finding } from './finding.ts';

/** With less, a large object may not fit. Bytes. */
const FREE_LEAST = 1024 ** 3;
/** Connections, files in work and the database take some hundreds. */
const OPEN_FILES_LEAST = 1024;

export function checkMachine(env: NodeJS.ProcessEnv): Finding[] {
  return [
    checkRuntime(),
    checkRemotes(env),
    ...checkFolders(env),
    ...checkDisks(),
    ...checkOpenFiles(),
    ...checkProxies(env),
  ];
}

function checkRuntime(): Finding {
  const { node, sqlite } = process.versions;
  return ok('runtime', `Node.js ${node} with ${sqlite === undefined ? 'no SQLite' : `SQLite ${sqlite}`}`);
}

function checkRemotes(env: NodeJS.ProcessEnv): Finding {
  const path = remotesPath(env);
  let count: number;
  try {
    count = readRemotes(env).size;
  } catch (error) {
    return problem('remotes', (error as Error).message, `Mend ${path}, or move it away.`);
  }
  const mode = looseMode(env);
  if (mode !== undefined) {
    return warning(
      'remotes',
      `Others can read the keys in ${path} (mode ${mode.toString(8)})`,
      `chmod 600 ${path}; keys that others may have seen should be replaced.`,
    );
  }
  if (count === 0) return ok('remotes', `None yet (${path})`);
  return ok('remotes', `${count} in ${path}`);
}

/** Folders that need not be there yet, but must be possible. */
function checkFolders(env: NodeJS.ProcessEnv): Finding[] {
  const home = homeFolder(env);
  const folders: readonly (readonly [what: string, path: string])[] = [
    ['settings', dirname(remotesPath(env))],
    ['transfers that can go on', journalFolder(env)],
    [
      'compiled code',
      env['NODE_COMPILE_CACHE'] ?? join(env['XDG_CACHE_HOME'] || join(home, '.cache'), 'cistern'),
    ],
    ['temporary files', tmpdir()],
  ];
  const closed = folders.flatMap(([what, path]): Finding[] => {
    const there = firstThere(path);
    try {
      accessSync(there, constants.W_OK | constants.X_OK);
      return [];
    } catch {
      return [
        warning(
          'folders',
          `Nothing can be written to ${there}, where ${what} belong`,
          'Look at its owner and its permissions.',
        ),
      ];
    }
  });
  return closed.length > 0
    ? closed
    : [ok('folders', 'Settings, state, cache and temporary files can be written')];
}

/** The folder itself, or the nearest one above it that is there. */
function firstThere(path: string): string {
  const whole = resolve(path);
  return statSync(whole, { throwIfNoEntry: false }) === undefined && dirname(whole) !== whole
    ? firstThere(dirname(whole))
    : whole;
}

function checkDisks(): Finding[] {
  return [['here', process.cwd()] as const, ['for temporary files', tmpdir()] as const].flatMap(
    ([what, path]) => checkDisk('disk', what, path),
  );
}

/** @param what completes `free …` */
export function checkDisk(check: CheckName, what: string, path: string): Finding[] {
  try {
    const { bavail, bsize } = statfsSync(path);
    const message = `${formatBytes(bavail * bsize)} free ${what} (${path})`;
    return [bavail * bsize >= FREE_LEAST ? ok(check, message) : warning(check, message, 'Make room.')];
  } catch {
    // Not every file system says.
    return [];
  }
}

/** Only Linux tells without a shell. */
function checkOpenFiles(): Finding[] {
  let text: string;
  try {
    text = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return [];
  }
  const limit = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  if (limit === undefined) return [];
  const message = `${limit} files and connections at most at once`;
  return [
    Number(limit) >= OPEN_FILES_LEAST
      ? ok('open-files', message)
      : warning('open-files', message, 'Raise the limit for this shell: ulimit -n 4096.'),
  ];
}

const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'];

function checkProxies(env: NodeJS.ProcessEnv): Finding[] {
  const names = PROXIES.flatMap((name) => [name, name.toLowerCase()]).filter(
    (name) => (env[name] ?? '') !== '',
  );
  if (names.length === 0) return [];
  return [
    warning(
      'proxies',
      `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} set, and not used: requests go straight to the service`,
      'If the service can only be reached through the proxy, let a tunnel or the network lead there.',
    ),
  ];
}
