/**
 * Attributes of files, each in a file of its own that is named by the very state of the file they belong to. It is
 * written before that state gets its place and removed after it has lost it: attributes never belong to other bytes, whatever is
 * done when, and a file that another program put in the place has none. One that is moved within the root keeps them.
 *
 * A crash between the two can leave one that belongs to nothing any more: some hundred bytes.
 */

import { join } from 'node:path';
import { hasAttributes, readAttributes } from '../../attributes.ts';
import type { Attributes } from '../../object-store.ts';
import type { Directories } from './directories.ts';
import { parseDocument } from './document.ts';
import { unless } from './file-system.ts';
import type { FileSystem } from './file-system.ts';
import { writeAll } from './staging.ts';

const VERSION = 1;

interface Document {
  readonly version: number;
  readonly attributes: unknown;
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
    if (text === undefined) return undefined;
    const document = parseDocument(text, VERSION, `The file of the attributes of ${etag}`) as Document;
    return readAttributes(document.attributes);
  }

  /** For a state that has lost its place. */
  async remove(etag: string): Promise<void> {
    await unless(this.#fs.unlink(join(this.#folderOf(etag), etag)), 'ENOENT');
  }

  /** For a state that never got a place. What cannot be removed is left: there is an error already. */
  async tryRemove(etag: string): Promise<void> {
    await this.remove(etag).catch(() => undefined);
  }

  #folderOf(etag: string): string {
    return join(this.#folder, etag.slice(-2));
  }
}
