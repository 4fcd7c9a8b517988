/**
 * @module The oracle's log: what is about to be asked of a server, and what it has answered. A line is in the file before
 * the request is sent, or before the next thing happens; what a server must hold follows from the lines alone.
 */

import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';

/** What a request does to one key. A state is the SHA-256 of the bytes. */
export type Change =
  /** in the bucket without versions; null: the key is gone */
  | { readonly key: string; readonly state: string | null }
  /** in the bucket with versions: a new version, null for a delete marker */
  | { readonly versionsOf: string; readonly adds: string | null }
  | { readonly versionsOf: string; readonly removes: string };

/** A version: its id, and its state, null for a delete marker. */
export type LoggedVersion = readonly [id: string, state: string | null];

export type Line =
  /** Changes that stand together happen all or none. */
  | { readonly intent: number; readonly does: string; readonly groups: readonly (readonly Change[])[] }
  /** Success. `version`: the id of what was added. */
  | { readonly acknowledged: number; readonly version?: string }
  /** An answer of 5xx: it may have happened or not. */
  | { readonly refused: number }
  /** A multipart upload that was acknowledged, a part of it, and that it is about to be, or has been, ended. */
  | { readonly upload: string; readonly of: string }
  | { readonly partOf: string; readonly number: number; readonly etag: string }
  | { readonly ending: string }
  | { readonly ended: string }
  /** What was found there, and is from now on the only thing that may be. */
  | { readonly holds: string; readonly state: string | null; readonly etag: string | null }
  | { readonly versions: string; readonly list: readonly LoggedVersion[] };

export class OracleLog {
  readonly #path: string;
  #file: number;

  /** Goes on with what is there. */
  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'a');
  }

  append(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  read(): Line[] {
    const lines = readFileSync(this.#path, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
  }

  /** Begins again, with these lines; whole before or after. */
  replace(lines: readonly Line[]): void {
    const fresh = `${this.#path}.new`;
    writeFileSync(fresh, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    renameSync(fresh, this.#path);
    closeSync(this.#file);
    this.#file = openSync(this.#path, 'a');
  }

  close(): void {
    closeSync(this.#file);
  }
}
