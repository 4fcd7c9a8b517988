/**
 * The user's remotes: names for places, with how to reach them and the keys for it. One JSON file, readable by its owner alone,
 * replaced as a whole. Secrets leave it for requests only: nothing prints them.
 */

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../failures/failure.ts';
import { homeFolder } from './home.ts';

/** Format of the file. A later one is refused. */
const VERSION = 1;
const OWNER_ONLY = 0o600;

export interface Remote {
  readonly name: string;
  /** what the name stands for: `s3://`, `s3://bucket/folder`, `az://container`, a folder … */
  readonly url: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly addressing?: 'auto' | 'path' | 'virtual' | undefined;
  /** a profile of AWS's shared files, which are looked in `credentialsFile` if that is there */
  readonly profile?: string | undefined;
  readonly credentialsFile?: string | undefined;
  /** requests are not signed */
  readonly anonymous?: boolean | undefined;
  /** S3 */
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  /** Azure */
  readonly account?: string | undefined;
  readonly accountKey?: string | undefined;
  readonly sasToken?: string | undefined;
  readonly connectionString?: string | undefined;
}

/** `CISTERN_CONFIG`, or `cistern/remotes.json` in the user's folder of configuration. */
export function remotesPath(env: NodeJS.ProcessEnv): string {
  const given = env['CISTERN_CONFIG'];
  if (given !== undefined) return given;
  const folder = env['XDG_CONFIG_HOME'] || join(homeFolder(env), '.config');
  return join(folder, 'cistern', 'remotes.json');
}

/** In the order of their names; none when there is no file. @throws {Failure} */
export function readRemotes(env: NodeJS.ProcessEnv): Map<string, Remote> {
  const path = remotesPath(env);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return new Map();
    throw new Failure(`The remotes in ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const file = parse(text, path);
  if (file.version !== VERSION) {
    throw new Failure(`${path} was written by a newer cistern (format ${file.version}, not ${VERSION})`, {
      advice: 'Install a newer cistern, or name another file with CISTERN_CONFIG.',
    });
  }
  const names = Object.keys(file.remotes).sort();
  return new Map(names.map((name) => [name, { ...file.remotes[name], name } as Remote]));
}

/** How long somebody else's change is waited for. */
const LOCK_MS_MAX = 10_000;

/**
 * Reads the remotes, lets `change` change them, and replaces the file: atomically, with mode 0600, and one change after another,
 * whoever makes them. Nothing is written when `change` throws.
 *
 * @throws {Failure}
 */
export async function changeRemotes(
  env: NodeJS.ProcessEnv,
  change: (remotes: Map<string, Remote>) => void,
): Promise<void> {
  // SQLite's own lock on an empty file beside it: the system drops it when the process ends, however it ends.
  const { DatabaseSync } = await import('node:sqlite');
  const path = remotesPath(env);
  let lock: InstanceType<typeof DatabaseSync> | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(`${path}.lock`, { timeout: LOCK_MS_MAX });
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    throw new Failure(`The remotes cannot be kept in ${path}: ${(error as Error).message}`, { cause: error });
  }
  try {
    const remotes = readRemotes(env);
    change(remotes);
    writeRemotes(path, remotes.values());
  } finally {
    lock.close();
  }
}

function writeRemotes(named: string, remotes: Iterable<Remote>): void {
  // Where the file is a link to one that is kept elsewhere, that one is replaced.
  const path = statSync(named, { throwIfNoEntry: false }) === undefined ? named : realpathSync(named);
  const entries = [...remotes].map(({ name, ...rest }) => [name, rest] as const);
  const text = `${JSON.stringify({ version: VERSION, remotes: Object.fromEntries(entries) }, undefined, 2)}\n`;
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    // Made with its mode: there is no moment in which others could read it.
    writeFileSync(draft, text, { mode: OWNER_ONLY, flag: 'wx', flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new Failure(`The remotes cannot be kept in ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** @returns the file's mode if others may read it */
export function looseMode(env: NodeJS.ProcessEnv): number | undefined {
  const mode = statSync(remotesPath(env), { throwIfNoEntry: false })?.mode;
  return mode === undefined || process.platform === 'win32' || (mode & 0o077) === 0
    ? undefined
    : mode & 0o777;
}

interface RemotesFile {
  readonly version: number;
  readonly remotes: Readonly<Record<string, Omit<Remote, 'name'>>>;
}

function parse(text: string, path: string): RemotesFile {
  try {
    const file = JSON.parse(text) as Partial<RemotesFile>;
    if (typeof file.version === 'number' && (file.version !== VERSION || areRemotes(file.remotes)))
      return file as RemotesFile;
  } catch {
    // Told below, without what stands in it.
  }
  throw new Failure(`${path} is not a file of remotes`, {
    advice: 'Mend it, or move it away and add the remotes again.',
  });
}

/** People mend this file by hand. */
function areRemotes(remotes: unknown): boolean {
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
  return (
    isObject(remotes) &&
    Object.values(remotes).every(
      (remote: unknown) => isObject(remote) && typeof (remote as Partial<Remote>).url === 'string',
    )
  );
}
