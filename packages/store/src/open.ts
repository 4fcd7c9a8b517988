/** Stores by URL. Each backend is loaded when a URL first asks for it. */

import { StoreError } from './errors.ts';
import { memory } from './memory.ts';
import type { Store } from './store.ts';

export interface OpenOptions {
  /** what a URL should not carry: keys and tokens, by the names of the backend's options */
  readonly credentials?: unknown;
}

type Opener = (url: URL, options: OpenOptions) => Promise<Store>;

const OPENERS: Readonly<Record<string, Opener>> = {
  'mem:': () => Promise.resolve(memory()),
  'memory:': () => Promise.resolve(memory()),
  'file:': async (url) => (await import('./files.ts')).filesAt(url),
  'hashed:': async (url) => (await import('./hashed.ts')).hashedAt(url),
  'az:': async (url, { credentials }) => (await import('./azure.ts')).openAzureUrl(url, credentials),
  's3:': async (url, { credentials }) => (await import('./s3.ts')).openS3Url(url, credentials),
  'sqlite:': async (url) => (await import('./sqlite.ts')).openSqliteUrl(url),
  'zip:': async (url) => (await import('./zip.ts')).openZipUrl(url),
};

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
  if (typeof url === 'string' && PATH.test(url)) return (await import('./files.ts')).files(url);
  const parsed = typeof url === 'string' ? parse(url) : url;
  const opener = OPENERS[parsed.protocol];
  if (opener === undefined) {
    throw new StoreError(
      'InvalidArgument',
      `No store has URLs that begin with ${parsed.protocol} Those there are: ${Object.keys(OPENERS).join(' ')}`,
      { operation: 'open' },
    );
  }
  return opener(parsed, options);
}

function parse(url: string): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new StoreError(
    'InvalidArgument',
    `${JSON.stringify(url)} is no URL of a store, such as mem: or s3://bucket`,
    {
      operation: 'open',
    },
  );
}
