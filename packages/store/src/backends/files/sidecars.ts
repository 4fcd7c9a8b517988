/**
 * Attributes of files, each in a file of its own that is named by the very state of the file they belong to. It is
 * written before that state gets its place and removed after it has lost it: attributes never belong to other bytes, whatever is
 * done when, and a file that another program put in the place has none. One that is moved within the root keeps them.
 *
 * A crash between the two can leave one that belongs to nothing any more: some hundred bytes.
 */

import { join } from 'node:path';
import { hasAttributes } from '../../attributes.ts';
import { StoreError } from '../../errors.ts';
import type { Attributes } from '../../object-store.ts';
import type { Directories } from './directories.ts';
import { unless } from './file-system.ts';
import type { FileSystem } from './file-system.ts';
import { writeAll } from './staging.ts';

const VERSION = 1;
const NONE: Attributes = Object.freeze({});

interface Document {
  readonly version: number;
  readonly attributes: Attributes;
}

export class Sidecars {
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #directories: Directories;
  readonly #durable: boolean;

  constructor(options: { fs: FileSystem; folder: string; directories: Directories; durable: boolean }) {
    this.#fs = options.fs;
    this.#folder = options.folder;
    this.#directories = options.directories;
    this.#durable = options.durable;
  }

  /** Durable when it resolves; nothing is written when there are none. */
  async write(etag: string, attributes: Attributes): Promise<void> {
    if (!hasAttributes(attributes)) return;
    const folder = this.#folderOf(etag);
    await this.#fs.mkdir(folder, { recursive: true });
    const handle = await this.#fs.open(join(folder, etag), 'w');
    try {
      const document: Document = { version: VERSION, attributes };
      await writeAll(handle, Buffer.from(JSON.stringify(document)), 0);
      if (this.#durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await this.#directories.sync(folder);
  }

  /** @returns `undefined` when there are none for this state */
  async read(etag: string): Promise<Attributes | undefined> {
    const text = await unless(this.#fs.readFile(join(this.#folderOf(etag), etag), 'utf8'), 'ENOENT');
    return text === undefined ? undefined : parse(text, etag);
  }

  /** For a state that has lost its place. */
  async remove(etag: string): Promise<void> {
    await unless(this.#fs.unlink(join(this.#folderOf(etag), etag)), 'ENOENT');
  }

  #folderOf(etag: string): string {
    return join(this.#folder, etag.slice(-2));
  }
}

function parse(text: string, etag: string): Attributes {
  let document: Document | undefined;
  try {
    document = JSON.parse(text, withoutPrototype) as Document;
  } catch (error) {
    throw new StoreError('Corrupt', `The attributes of the state ${etag} cannot be read`, { cause: error });
  }
  if (document.version === VERSION) return document.attributes ?? NONE;
  throw new StoreError(
    'Unsupported',
    `The attributes of the state ${etag} are of version ${document.version}, and this release reads ${VERSION}: use a later one`,
  );
}

/** `__proto__` is a name of metadata like any other. */
function withoutPrototype(key: string, value: unknown): unknown {
  return key === 'metadata' ? Object.assign(Object.create(null) as object, value) : value;
}
