/**
 * What a user names: `s3://bucket/key`, `./file`, `prod:bucket/key`. Reading the text is all that is done here; nothing is opened, and
 * of this machine's files no more is looked at than where a `zip:` or `sqlite:` file ends.
 *
 * | text | place |
 * |---|---|
 * | `./file`, `/file`, `file`, `file:///file` | this machine |
 * | `s3://`, `s3://bucket`, `s3://bucket/key` | an S3 service, a bucket, an object or what is below it |
 * | `az://`, `az://container`, `az://container/blob` | Azure Blob Storage likewise |
 * | `zip:a.zip`, `zip:a.zip/key`, `sqlite:a.db/key` | in a file: it ends at the first file that is there, else at `.zip`, `.db`, `.sqlite`, `.sqlite3`; or at `//` |
 * | `hashed:folder`, `hashed:folder//key` | a hashed folder |
 * | `mem:`, `mem:key` | memory, for as long as the command runs |
 * | `name:rest` | a remote of the user's, which stands for what it was added with |
 * | `-` | standard input or output |
 */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { usage } from '../failures/failure.ts';
import { nearest } from '../failures/nearest.ts';
import { homeFolder } from './home.ts';
import type { Remote } from './remotes.ts';

export type PlaceKind = 'stdio' | 'local' | 's3' | 'azure' | 'zip' | 'sqlite' | 'hashed' | 'memory';

export interface Place {
  /** as the user wrote it */
  readonly text: string;
  readonly kind: PlaceKind;
  /** `s3` and `azure`: '' for the service above buckets */
  readonly bucket: string;
  /** `local`: the absolute path. `zip`, `sqlite`, `hashed`: that of the file or folder that is the store. Else '' */
  readonly path: string;
  /** key, or beginning of keys, in the store; '' for all of it, and for `local` */
  readonly key: string;
  /** named as a folder: with a slash at its end, or as all of a store */
  readonly isFolder: boolean;
  /** the remote by which it was named, and its name */
  readonly remote?: Remote | undefined;
  /** the beginning of `key` that is the remote's own: '' or with a slash at its end */
  readonly remoteKey?: string | undefined;
}

export interface PlaceContext {
  readonly cwd: string;
  /** asked for when a text begins like a remote */
  readonly remotes: () => ReadonlyMap<string, Remote>;
}

export const SCHEMES = ['s3', 'az', 'file', 'zip', 'sqlite', 'hashed', 'mem'] as const;
type Scheme = (typeof SCHEMES)[number];

/** A drive of Windows is one letter. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/;
export const REMOTE_NAME = /^[a-z0-9][a-z0-9_.-]*[a-z0-9]$/;

/** @throws {Failure} a usage error */
export function parsePlace(text: string, context: PlaceContext): Place {
  if (text === '') throw usage('An empty text names no place', 'The present folder is "."');
  if (text === '-') return place(text, 'stdio', {});
  const name = SCHEME.exec(text)?.[1];
  if (name === undefined) return localPlace(text, text, context);
  const rest = text.slice(name.length + 1);
  if (isScheme(name)) return schemePlace(text, name, rest, context);
  const remotes = context.remotes();
  const remote = remotes.get(name);
  if (remote !== undefined) return remotePlace(text, remote, rest, context);
  // A file may be called so; nobody is asked to know our schemes.
  if (exists(resolve(context.cwd, text))) return localPlace(text, text, context);
  if (/^https?$/.test(name)) {
    throw usage(
      `${text} is no place`,
      `Name the bucket, and where it is: s3://bucket/key --endpoint ${URL.canParse(text) ? new URL(text).origin : 'URL'}`,
    );
  }
  const meant = nearest(name, [...SCHEMES, ...remotes.keys()]);
  throw usage(
    `There is no remote ${name}${meant === undefined ? '' : `. Did you mean ${meant}:?`}`,
    `cistern remote add ${name} s3:// --endpoint URL makes one; a file of that name is ./${text}`,
  );
}

function isScheme(name: string): name is Scheme {
  return SCHEMES.some((one) => one === name);
}

function schemePlace(text: string, scheme: Scheme, rest: string, context: PlaceContext): Place {
  switch (scheme) {
    case 's3':
    case 'az': {
      if (!rest.startsWith('//'))
        throw usage(`${text} is no place`, `Write ${scheme}://${rest.replace(/^\/+/, '')}`);
      return bucketPlace(text, scheme === 's3' ? 's3' : 'azure', rest.slice(2));
    }
    case 'file':
      return localPlace(text, rest.startsWith('//') ? pathOfUrl(text) : rest, context);
    case 'mem':
      return place(text, 'memory', { key: rest.replace(/^\/\//, '') });
    case 'hashed':
    case 'zip':
    case 'sqlite': {
      const { path, key } = splitStoreFile(scheme, rest, context.cwd);
      return place(text, scheme, { path, key });
    }
  }
}

/** A path may hold what URLs may not. */
function pathOfUrl(text: string): string {
  try {
    return fileURLToPath(text.replace(/[%?#]/g, (sign) => encodeURIComponent(sign)));
  } catch {
    throw usage(
      `${text} is no place on this machine`,
      'Write file:///path, with three slashes, or the path alone.',
    );
  }
}

function bucketPlace(text: string, kind: 's3' | 'azure', rest: string): Place {
  const slash = rest.indexOf('/');
  const bucket = slash === -1 ? rest : rest.slice(0, slash);
  const key = slash === -1 ? '' : rest.slice(slash + 1);
  if (bucket.includes('@') || bucket.includes(':')) {
    throw usage(
      'A bucket has no @ and no : in its name; what stands there may be a secret, and is not repeated',
      'Keys come from the environment, from a profile, or from a remote: cistern remote add --help.',
    );
  }
  if (bucket === '' && key !== '') throw usage(`${text} names no bucket`, 'Write s3://bucket/key');
  return place(text, kind, { bucket, key });
}

function localPlace(text: string, path: string, { cwd }: PlaceContext): Place {
  const home = path === '~' || path.startsWith('~/') ? homeFolder(process.env) + path.slice(1) : path;
  const isFolder = /[/\\]$|(?:^|[/\\])\.{1,2}$/.test(path);
  return { text, kind: 'local', bucket: '', path: resolve(cwd, home), key: '', isFolder };
}

/** What follows a remote's name continues what the remote stands for. */
function remotePlace(text: string, remote: Remote, rest: string, context: PlaceContext): Place {
  const { url } = remote;
  const isService = /^(?:s3|az):\/\/$/.test(url);
  const base = isService || url.endsWith('/') ? url : `${url}/`;
  const tail = rest.replace(/^\//, '');
  const whole = tail === '' && !isService ? url : base + tail;
  const plain = { ...context, remotes: () => new Map() };
  const remoteKey = isService ? '' : parsePlace(base, plain).key;
  return { ...parsePlace(whole, plain), text, remote, remoteKey };
}

/** Where the file that is a store ends, and the key in it begins. */
function splitStoreFile(scheme: Scheme, rest: string, cwd: string): { path: string; key: string } {
  const text = rest.startsWith('///') ? rest.slice(2) : rest;
  if (text === '') throw usage(`${scheme}: names no file`, `Write ${scheme}:./path`);
  const double = text.indexOf('//', 1);
  if (double !== -1) return { path: resolve(cwd, text.slice(0, double)), key: text.slice(double + 2) };
  if (scheme === 'hashed') return { path: resolve(cwd, text), key: '' };
  const ending = scheme === 'zip' ? /\.zip$/i : /\.(?:db|sqlite3?)$/i;
  const segments = text.split('/');
  const cut = (count: number): string => segments.slice(0, count).join('/');
  const counts = segments.map((_, index) => index + 1).filter((count) => cut(count) !== '');
  const count =
    firstFile(counts, (one) => resolve(cwd, cut(one))) ??
    counts.find((one) => ending.test(segments[one - 1] ?? '')) ??
    segments.length;
  return { path: resolve(cwd, cut(count)), key: segments.slice(count).join('/') };
}

function place(
  text: string,
  kind: PlaceKind,
  { bucket = '', path = '', key = '' }: Partial<Pick<Place, 'bucket' | 'path' | 'key'>>,
): Place {
  return { text, kind, bucket, path, key, isFolder: key === '' || key.endsWith('/') };
}

/** Below what is not there nothing is: a long key is not looked for piece by piece. */
function firstFile(counts: readonly number[], pathOf: (count: number) => string): number | undefined {
  for (const count of counts) {
    const found = statSync(pathOf(count), { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    if (found.isFile()) return count;
  }
  return undefined;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
