/**
 * @module The bytes behind the states that the oracle knows by their hash alone: each is made of pieces, and a piece
 * follows from its name. What is put again and again is kept.
 */

import { createHash } from 'node:crypto';

import { seededBytes } from '../seeded.ts';

export interface Piece {
  readonly name: string;
  readonly size: number;
}

export interface Content {
  readonly pieces: readonly Piece[];
  readonly state: string;
  readonly bytes: Buffer;
  /** MD5, as hex */
  readonly md5: string;
}

/** Of contents that are kept. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;

export class Contents {
  readonly #seed: string;
  readonly #pieces = new Map<string, readonly Piece[]>();
  readonly #kept = new Map<string, Content>();
  #keptBytes = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** @param keep it will be asked for again */
  make(pieces: readonly Piece[], keep = false): Content {
    const name = pieces.map((piece) => `${piece.name} ${piece.size}`).join();
    const kept = this.#kept.get(name);
    if (kept !== undefined) {
      this.#pieces.set(kept.state, pieces);
      return kept;
    }
    const made = pieces.map((piece) => seededBytes(`${this.#seed} ${piece.name}`, piece.size));
    const [only = Buffer.alloc(0)] = made;
    const bytes = made.length === 1 ? only : Buffer.concat(made);
    const state = createHash('sha256').update(bytes).digest('hex');
    const content = { pieces, state, bytes, md5: createHash('md5').update(bytes).digest('hex') };
    this.#pieces.set(state, pieces);
    if (keep && this.#keptBytes + bytes.length <= KEPT_BYTES_MAX) {
      this.#kept.set(name, content);
      this.#keptBytes += bytes.length;
    }
    return content;
  }

  /** Undefined for a state that an earlier process has made. */
  piecesOf(state: string): readonly Piece[] | undefined {
    return this.#pieces.get(state);
  }

  /** Forgets what no key has any more. */
  forgetAllBut(states: ReadonlySet<string>): void {
    for (const state of this.#pieces.keys()) if (!states.has(state)) this.#pieces.delete(state);
  }
}
