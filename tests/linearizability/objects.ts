/**
 * @module What a bucket without versions answers when one thing is done after another: the sequential side of the checker.
 * Each key holds an object or none.
 */

import type { State, Step } from './checker.ts';
import { appendedMd5 } from './etags.ts';
import type { Answer, Condition, Operation, Request } from './history.ts';
import type { Pieces } from './pieces.ts';
import { Values, withValue } from './values.ts';

/** undefined: there is none. */
type Held =
  | {
      readonly pieces: readonly number[];
      readonly size: number;
      readonly etag: string;
      /** 0: it was written at once, or is a copy. */
      readonly parts: number;
    }
  | undefined;

/** What an operation does to the only key that it may change; undefined: it cannot have been answered so. */
type Effect = (state: State) => State | undefined;

export class ObjectModel {
  readonly #pieces: Pieces;
  readonly #values = new Values<Held>((held) =>
    held === undefined ? '' : `${held.etag} ${held.parts} ${held.pieces.join()}`,
  );
  readonly none = this.#values.number(undefined);
  /** The last position at which a key was seen with an ETag, by `key etag`. */
  readonly #seen = new Map<string, number>();

  constructor(pieces: Pieces, operations: readonly Operation[]) {
    this.#pieces = pieces;
    for (const { request, answer, called } of operations) this.#note(request, answer, called);
  }

  step(operation: Operation): Step {
    const { request, answer, client, called, ended, settles = false } = operation;
    const { keys, reads, apply, distance } = this.#effect(request, answer);
    return {
      client,
      called,
      ended,
      settles,
      keys,
      reads,
      optional: answer === undefined,
      apply,
      guess: this.#lastSeen(request, answer),
      ...(distance && { distance }),
    };
  }

  #note(request: Request, answer: Answer | undefined, position: number): void {
    const see = (key: number, etag: string | undefined): void =>
      void this.#seen.set(`${key} ${etag}`, Math.max(position, this.#seen.get(`${key} ${etag}`) ?? -1));
    for (const { key, etag } of answer?.entries ?? []) see(key, etag);
    if (request.kind === 'get' || request.kind === 'head') see(request.key, answer?.etag);
    if (request.kind === 'copy') see(request.from, answer?.etag);
    if (request.kind === 'put' && typeof request.condition === 'object' && answer?.status === 200)
      see(request.key, request.condition.etag);
  }

  /** What is seen longer than others came after them; what never is came before. */
  #lastSeen(request: Request, answer: Answer | undefined): number | undefined {
    if (request.kind !== 'put' && request.kind !== 'copy' && request.kind !== 'append') return undefined;
    const etag = answer?.etag ?? (request.kind === 'put' ? this.#pieces.get(request.piece).md5 : undefined);
    return etag === undefined ? undefined : (this.#seen.get(`${request.key} ${etag}`) ?? -1);
  }

  /** For reports. */
  describe(state: State): string {
    return state
      .map(
        (value, key) =>
          `${key}: ${
            this.#held(value)
              ?.pieces.map((piece) => `#${piece}`)
              .join('+') ?? 'none'
          }`,
      )
      .join(', ');
  }

  #held(value: number | undefined): Held {
    return this.#values.get(value ?? this.none);
  }

  #effect(
    request: Request,
    answer: Answer | undefined,
  ): { keys: readonly number[]; reads: boolean; apply: Effect; distance?: (state: State) => number } {
    switch (request.kind) {
      case 'put':
      case 'append':
        return { keys: [request.key], reads: isRefusal(answer), apply: this.#write(request, answer) };
      case 'delete':
        return {
          keys: [request.key],
          reads: false,
          apply: (state) => withValue(state, request.key, this.none),
        };
      case 'copy':
      case 'rename':
        return {
          keys: [request.key, request.from],
          reads: isRefusal(answer) || request.key === request.from,
          apply: this.#move(request, answer),
        };
      case 'get':
      case 'head':
      case 'parts': {
        const { key } = request;
        return {
          keys: [key],
          reads: true,
          apply: (state) => (shows(this.#held(state[key]), answer) ? state : undefined),
        };
      }
      case 'list': {
        const { keys } = request;
        const distance = (state: State): number =>
          keys.filter((key) => !lists(this.#held(state[key]), key, answer)).length;
        return { keys, reads: true, distance, apply: (state) => (distance(state) === 0 ? state : undefined) };
      }
    }
  }

  #write(request: Request & { kind: 'put' | 'append' }, answer: Answer | undefined): Effect {
    const { key, piece } = request;
    return (state) => {
      const held = this.#held(state[key]);
      const refusal =
        request.kind === 'put'
          ? refusedBy(held, request.condition)
          : held?.size === request.offset
            ? undefined
            : 400;
      const refused =
        request.kind === 'append' && held === undefined && request.offset === 0 ? undefined : refusal;
      if (refused !== undefined) return answer?.status === refused ? state : undefined;
      if (answer !== undefined && answer.status !== 200) return undefined;
      const made = request.kind === 'append' ? this.#appended(held, piece) : this.#single(piece);
      if (answer?.etag !== undefined && answer.etag !== made.etag) return undefined;
      if (answer?.size !== undefined && answer.size !== made.size) return undefined;
      return withValue(state, key, this.#values.number(made));
    };
  }

  #move({ kind, key, from }: Request & { kind: 'copy' | 'rename' }, answer: Answer | undefined): Effect {
    return (state) => {
      const source = this.#held(state[from]);
      if (source === undefined) return answer?.status === 404 ? state : undefined;
      if (answer !== undefined && answer.status !== 200) return undefined;
      if (answer?.etag !== undefined && answer.etag !== source.etag) return undefined;
      if (kind === 'rename') {
        const moved = withValue(state, key, state[from] as number);
        return key === from ? state : withValue(moved, from, this.none);
      }
      // The parts of an object stay with it.
      return withValue(state, key, this.#values.number({ ...source, parts: 0 }));
    };
  }

  #single(piece: number): NonNullable<Held> {
    const { bytes, md5 } = this.#pieces.get(piece);
    return { pieces: [piece], size: bytes.length, etag: md5, parts: 0 };
  }

  /** The ETag of what was appended to follows from those of what was there and what came. */
  #appended(held: Held, piece: number): NonNullable<Held> {
    const added = this.#single(piece);
    if (held === undefined) return added;
    const parts = Math.max(held.parts, 1) + 1;
    return {
      pieces: [...held.pieces, piece],
      size: held.size + added.size,
      etag: `${appendedMd5(held.etag, added.etag)}${parts}`,
      parts,
    };
  }
}

/** An answer that says that nothing was done. */
export const isRefusal = (answer: Answer | undefined): boolean =>
  answer !== undefined && answer.status >= 400;

/** The status of the refusal; undefined: the condition holds. */
export function refusedBy(
  held: { readonly etag: string } | undefined,
  condition: Condition | undefined,
): number | undefined {
  if (condition === undefined) return undefined;
  if (condition === 'absent') return held === undefined ? undefined : 412;
  if (held === undefined) return 404;
  return held.etag === condition.etag ? undefined : 412;
}

function shows(held: Held, answer: Answer | undefined): boolean {
  if (answer === undefined || answer.status === 404) return held === undefined;
  if (held === undefined) return false;
  return (
    (answer.etag === undefined || answer.etag === held.etag) &&
    (answer.pieces === undefined || answer.pieces.join() === held.pieces.join()) &&
    (answer.size === undefined || answer.size === held.size) &&
    (answer.parts === undefined || answer.parts === held.parts)
  );
}

function lists(held: Held, key: number, answer: Answer | undefined): boolean {
  const entries = answer?.entries?.filter((entry) => entry.key === key) ?? [];
  if (held === undefined) return entries.length === 0;
  const [entry] = entries;
  return entries.length === 1 && entry?.etag === held.etag && entry.size === held.size;
}
