/**
 * @module What clients ask next. They share what answers have told them (ETags, sizes, versions), so that conditions and offsets
 * are right about as often as they are wrong.
 */

import type { Answer, Condition, Request } from './history.ts';
import type { Target } from './asker.ts';

export type Pick = (below: number) => number;

/** How often each is asked for. */
const UNVERSIONED: readonly (readonly [number, Request['kind'] | 'create' | 'swap'])[] = [
  [16, 'put'],
  [6, 'create'],
  [8, 'swap'],
  [14, 'append'],
  [20, 'get'],
  [8, 'head'],
  [9, 'delete'],
  [5, 'copy'],
  [6, 'rename'],
  [8, 'list'],
];
const VERSIONED: typeof UNVERSIONED = [
  [22, 'put'],
  [6, 'create'],
  [8, 'swap'],
  [26, 'get'],
  [6, 'head'],
  [22, 'delete'],
  [5, 'copy'],
  [5, 'list'],
];

const turnsOf = (weights: typeof UNVERSIONED): (typeof UNVERSIONED)[number][1][] =>
  weights.flatMap(([weight, kind]) => Array.from({ length: weight }, () => kind));

/** Above what is kept in the database: a file. Bytes. */
const LARGE = 70_000;

export class Chooser {
  readonly #target: Target;
  readonly #turns: readonly (typeof UNVERSIONED)[number][1][];
  /** By key: what it was last seen to hold. */
  readonly #etags = new Map<number, string>();
  readonly #sizes = new Map<number, number>();
  /** Versions that writes were answered with, and that nobody has asked to delete. */
  readonly #versions: { key: number; version: string }[] = [];

  constructor(target: Target) {
    this.#target = target;
    this.#turns = turnsOf(target.versioned ? VERSIONED : UNVERSIONED);
  }

  next(pick: Pick): Request {
    const { keys } = this.#target;
    const key = pick(keys.length);
    const kind = this.#turns[pick(this.#turns.length)] ?? 'get';
    switch (kind) {
      case 'put':
        return { kind, key, piece: this.#piece(pick) };
      case 'create':
        return { kind: 'put', key, piece: this.#piece(pick), condition: 'absent' };
      case 'swap':
        return { kind: 'put', key, piece: this.#piece(pick), condition: this.#known(key) };
      case 'append':
        return { kind, key, piece: this.#piece(pick), offset: this.#sizes.get(key) ?? 0 };
      case 'get':
      case 'delete':
        return this.#getOrDelete(kind, key, pick);
      case 'copy':
      case 'rename':
        return { kind, key: (key + 1 + pick(keys.length - 1)) % keys.length, from: key };
      case 'list':
        return { kind, keys: this.#folder(pick) };
      default:
        return { kind, key };
    }
  }

  /** @param answer undefined: none came */
  learn(request: Request, answer: Answer | undefined): void {
    if (answer === undefined || request.kind === 'list') return;
    const { key } = request;
    if (answer.etag !== undefined) this.#etags.set(key, answer.etag);
    if (request.kind === 'rename' || request.kind === 'delete') this.#sizes.set(key, 0);
    const pieces = answer.pieces ?? (request.kind === 'put' ? [request.piece] : undefined);
    const sum = pieces?.reduce((size, piece) => size + this.#target.pieces.get(piece).bytes.length, 0);
    const size = answer.status === 200 ? (answer.size ?? sum) : answer.status === 404 ? 0 : undefined;
    if (size !== undefined) this.#sizes.set(key, size);
    const makes = request.kind === 'put' || request.kind === 'copy' || request.kind === 'delete';
    // A refusal names the delete marker that it found.
    if (makes && answer.status < 300 && answer.version !== undefined && !('version' in request))
      this.#versions.push({ key, version: answer.version });
  }

  #piece(pick: Pick): number {
    return this.#target.pieces.make(pick(12) === 0 ? LARGE + pick(LARGE) : 16 + pick(200));
  }

  #known(key: number): Condition {
    return { etag: this.#etags.get(key) ?? '0'.repeat(32) };
  }

  /** In the bucket with versions mostly one that is named, and more are deleted than made, or listings would grow. */
  #getOrDelete(kind: 'get' | 'delete', key: number, pick: Pick): Request {
    if (pick(3) === 0 || this.#versions.length === 0) return { kind, key };
    const index = pick(this.#versions.length);
    const [version] =
      kind === 'delete' ? this.#versions.splice(index, 1) : this.#versions.slice(index, index + 1);
    return version === undefined ? { kind, key } : { kind, ...version };
  }

  #folder(pick: Pick): number[] {
    const { keys } = this.#target;
    const all = keys.map((_, key) => key);
    const folder = ['', 'a/', 'b/'][pick(3)] ?? '';
    return all.filter((key) => keys[key]?.startsWith(folder));
  }
}
