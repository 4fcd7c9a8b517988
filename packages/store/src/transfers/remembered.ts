/** What a journal has of one transfer, as a value. The journal is a help: what it cannot keep or read is moved again. */

import type { ObjectInfo } from '../object-store.ts';
import type { Journal } from './journal.ts';

/** Which state of the source the rest is about. */
export interface RememberedSource {
  readonly etag: string;
  /** bytes */
  readonly size: number;
  /** milliseconds since 1970 */
  readonly lastModified: number;
}

export function rememberedSource({ etag, size, lastModified }: ObjectInfo): RememberedSource {
  return { etag, size, lastModified: lastModified.getTime() };
}

export function isSameSource(a: RememberedSource, b: RememberedSource): boolean {
  return a.etag === b.etag && a.size === b.size && a.lastModified === b.lastModified;
}

/** The fields of a text that claims to be ours; none are checked but that it is an object. */
export type Fields = Readonly<Record<string, unknown>>;

export class Remembered {
  readonly #journal: Journal;
  readonly #name: string;
  readonly #kind: string;
  #isKept = true;

  /** @param kind what the text is about: those of another are nobody's */
  constructor(journal: Journal, name: readonly unknown[], kind: 'upload' | 'download') {
    this.#journal = journal;
    this.#kind = `${kind} 1`;
    this.#name = JSON.stringify([this.#kind, ...name]);
  }

  /** `false` once something could not be written: nothing can be gone on with then. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** @returns what was written, if it is of this kind and about a source at all */
  async read(): Promise<{ readonly source: RememberedSource; readonly fields: Fields } | undefined> {
    try {
      const fields = JSON.parse((await this.#journal.read(this.#name)) ?? 'null') as Fields | null;
      if (typeof fields !== 'object' || fields?.['kind'] !== this.#kind) return undefined;
      const { etag, size, lastModified } = fields;
      if (typeof etag !== 'string' || typeof size !== 'number' || typeof lastModified !== 'number')
        return undefined;
      return { source: { etag, size, lastModified }, fields };
    } catch {
      return undefined;
    }
  }

  async write(source: RememberedSource, fields: Fields): Promise<void> {
    const text = JSON.stringify({ kind: this.#kind, ...source, ...fields });
    try {
      await this.#journal.write(this.#name, text);
      this.#isKept = true;
    } catch {
      this.#isKept = false;
    }
  }

  async remove(): Promise<void> {
    try {
      await this.#journal.remove(this.#name);
    } catch {
      // It is checked before anything is built on it, and fits nothing then.
    }
  }
}
