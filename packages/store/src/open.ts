/** Stores by URL. Each backend is loaded when a URL first asks for it. */

import { StoreError } from './errors.ts';
import { memory } from './memory.ts';
import type { Store } from './store.ts';

export interface OpenOptions {
  /** what a URL should not carry: keys and tokens, by the names of the backend's options */
  readonly credentials?: unknown;
}

const NAMES: ReadonlySet<string> = new Set<keyof OpenOptions>(['credentials']);

type Opener = (url: URL, options: OpenOptions) => Promise<Store>;

const OPENERS: Readonly<Record<string, Opener>> = {
  'mem:': plain(() => Promise.resolve(memory())),
  'memory:': plain(() => Promise.resolve(memory())),
  'file:': local(async (url) => (await import('./files.ts')).filesAt(url)),
  'hashed:': local(async (url) => (await import('./hashed.ts')).hashedAt(url)),
  'az:': async (url, { credentials }) => (await import('./azure.ts')).openAzureUrl(url, credentials),
  's3:': async (url, { credentials }) => (await import('./s3.ts')).openS3Url(url, credentials),
  'sqlite:': plain(async (url) => (await import('./sqlite.ts')).openSqliteUrl(url)),
  'zip:': plain(async (url) => (await import('./zip.ts')).openZipUrl(url)),
};

/** What is on this machine asks for no keys: they were meant for another store. */
function local(opener: (url: URL) => Promise<Store>): Opener {
  return (url, { credentials }) => {
    if (credentials !== undefined) throw invalid(`${url.protocol} URLs take no credentials`);
    return opener(url);
  };
}

/** Likewise, with no parameters. */
function plain(opener: (url: URL) => Promise<Store>): Opener {
  return local((url) => {
    if (url.search !== '' || url.hash !== '') {
      throw invalid(`${url.protocol} URLs have no parameters; ${JSON.stringify(url.href)} has some`);
    }
    return opener(url);
  });
}

/** A folder of this machine: no URL begins so. */
const PATH = /^(?:\.{0,2}[/\\]|\.{1,2}$|[A-Za-z]:[/\\])/;

/**
 * Opens a store by its URL.
 *
 * | URL | store |
 * |---|---|
 * | `mem:` | memory |
 * | `file:///folder`, `/folder`, `./folder` | files |
 * | `hashed:///folder`, `hashed:///folder?content=true` | hashed folders |
 * | `az://container/folder?account=…` | a container of Azure Blob Storage, or a folder of it |
 * | `s3://bucket/folder?region=…&endpoint=…` | a bucket of an S3 service, or a folder of it |
 * | `sqlite:///path/to/file.db`, `sqlite::memory:` | a SQLite file |
 * | `zip:///path/to/file.zip` | a zip archive |
 *
 * @throws {StoreError} `InvalidArgument` for a URL that names no store
 */
export async function open(url: string | URL, options: OpenOptions = {}): Promise<Store> {
  const unknown = Object.keys(options).find((name) => !NAMES.has(name));
  if (unknown !== undefined) {
    throw invalid(
      `open has the option credentials, and no ${unknown}: a store's own options are parameters of its URL`,
    );
  }
  if (typeof url === 'string' && PATH.test(url)) url = await folderUrl(url);
  const parsed = typeof url === 'string' ? parse(url) : url;
  const opener = OPENERS[parsed.protocol];
  if (opener !== undefined) return opener(parsed, options);
  const known = Object.keys(OPENERS).join(' ');
  const next = /^https?:$/.test(parsed.protocol)
    ? `write s3://bucket?endpoint=${parsed.origin}, or connect to the service`
    : `those there are: ${known}`;
  throw invalid(`No store has URLs that begin with ${parsed.protocol} (${next})`);
}

/** The system's own way to a URL, so that a path may hold what URLs may not. */
async function folderUrl(path: string): Promise<URL> {
  return (await import('node:url')).pathToFileURL(path);
}

function parse(url: string): URL {
  // As a URL it would be one of the root: file:data is file:///data.
  const relative = /^(?:file|hashed):(?![/\\])/.test(url);
  if (URL.canParse(url) && !relative) return new URL(url);
  throw invalid(
    `${JSON.stringify(url)} is no URL of a store, such as mem: or s3://bucket; a folder is ./data or file:///data`,
  );
}

function invalid(message: string): StoreError {
  return new StoreError('InvalidArgument', message, { operation: 'open' });
}
