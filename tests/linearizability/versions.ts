/**
 * @module What a bucket with versions answers when one thing is done after another: the sequential side of the checker. Each
 * key holds a list of versions and delete markers, in the order in which they were made.
 */

import type { State, Step } from './checker.ts';
import type { Answer, Operation, Request } from './history.ts';
import { isRefusal, refusedBy } from './objects.ts';
import type { Pieces } from './pieces.ts';
import { Values, withValue } from './values.ts';

interface Version {
  /** The number of the operation that made it. */
  readonly madeBy: number;
  /** undefined: a delete marker */
  readonly piece: number | undefined;
}

type Versions = readonly Version[];

/** What an answer says of a version. */
type Seen = Pick<Answer, 'version' | 'etag'>;

export class VersionModel {
  readonly #pieces: Pieces;
  readonly #values = new Values<Versions>((versions) =>
    versions.map(({ madeBy, piece }) => `${madeBy}:${piece}`).join(),
  );
  /** Ids of versions, by the number of the operation that was answered with them. */
  readonly #ids = new Map<number, string>();
  readonly #known = new Set<string>();
  /** By number of operation. */
  readonly #guesses: ReadonlyMap<number, number>;
  readonly none = this.#values.number([]);

  constructor(pieces: Pieces, operations: readonly Operation[]) {
    this.#pieces = pieces;
    for (const { number, request, answer } of operations) {
      const makes =
        request.kind === 'put' || request.kind === 'copy' || (request.kind === 'delete' && !request.version);
      // A refusal names the delete marker that it found.
      if (!makes || answer?.version === undefined || isRefusal(answer)) continue;
      this.#ids.set(number, answer.version);
      this.#known.add(answer.version);
    }
    // Our server's ids go up; were they in another order, the search would take longer and find the same.
    const rank = new Map([...this.#known].sort().map((id, i) => [id, i]));
    this.#guesses = new Map([...this.#ids].map(([number, id]) => [number, rank.get(id) ?? 0]));
  }

  step(operation: Operation): Step {
    const { client, called, ended, request, answer, settles = false } = operation;
    const apply = this.#effect(operation);
    const keys =
      request.kind === 'list'
        ? request.keys
        : request.kind === 'copy'
          ? [request.key, request.from]
          : [request.key];
    const reads =
      request.kind === 'list' || request.kind === 'get' || request.kind === 'head' || isRefusal(answer);
    const optional = answer === undefined;
    const guess = this.#guesses.get(operation.number);
    const step = { client, called, ended, settles, keys, reads, optional, apply, guess };
    if (request.kind !== 'list') return step;
    return { ...step, distance: (state) => this.#distance(state, request.keys, answer) };
  }

  /** For reports. */
  describe(state: State): string {
    const told = (versions: Versions): string =>
      versions
        .map(({ madeBy, piece }) => `${piece === undefined ? 'marker' : `#${piece}`} of ${madeBy}`)
        .join(' < ');
    return state.map((value, key) => `${key}: ${told(this.#values.get(value)) || 'none'}`).join('\n  ');
  }

  #versions(state: State, key: number): Versions {
    return this.#values.get(state[key] ?? this.none);
  }

  #with(state: State, key: number, versions: Versions): State {
    return withValue(state, key, this.#values.number(versions));
  }

  #effect(operation: Operation): (state: State) => State | undefined {
    const { request, answer, number } = operation;
    switch (request.kind) {
      case 'put':
        return (state) => this.#put(state, request, operation);
      case 'copy':
        return (state) => {
          const source = this.#latest(state, request.from);
          if (source === undefined) return answer?.status === 404 ? state : undefined;
          if (answer !== undefined && answer.status !== 200) return undefined;
          if (answer?.etag !== undefined && answer.etag !== this.#etag(source)) return undefined;
          const made = { madeBy: number, piece: source.piece };
          return this.#with(state, request.key, [...this.#versions(state, request.key), made]);
        };
      case 'delete':
        return (state) => {
          const versions = this.#versions(state, request.key);
          if (request.version === undefined)
            return this.#with(state, request.key, [...versions, { madeBy: number, piece: undefined }]);
          const kept = versions.filter(({ madeBy }) => this.#ids.get(madeBy) !== request.version);
          return this.#with(state, request.key, kept);
        };
      case 'list':
        return (state) => (request.keys.every((key) => this.#lists(state, key, answer)) ? state : undefined);
      default:
        return (state) => (this.#shows(state, request, answer) ? state : undefined);
    }
  }

  #put(
    state: State,
    { key, piece, condition }: Request & { kind: 'put' },
    { number, answer }: Operation,
  ): State | undefined {
    const latest = this.#latest(state, key);
    const refused = refusedBy(latest && { etag: this.#etag(latest) ?? '' }, condition);
    if (refused !== undefined) return answer?.status === refused ? state : undefined;
    if (answer !== undefined && answer.status !== 200) return undefined;
    return this.#with(state, key, [...this.#versions(state, key), { madeBy: number, piece }]);
  }

  /** undefined: none, or a delete marker */
  #latest(state: State, key: number): Version | undefined {
    const version = this.#versions(state, key).at(-1);
    return version?.piece === undefined ? undefined : version;
  }

  #etag({ piece }: Version): string | undefined {
    return piece === undefined ? undefined : this.#pieces.get(piece).md5;
  }

  /** The versions of writes that were not answered are known by their bytes alone. */
  #fits(version: Version | undefined, seen: Seen): boolean {
    if (version === undefined || this.#etag(version) !== seen.etag) return false;
    const id = this.#ids.get(version.madeBy);
    return id === undefined ? !this.#known.has(seen.version ?? '') : id === seen.version;
  }

  #shows(state: State, request: Request & { kind: string }, answer: Answer | undefined): boolean {
    if (answer === undefined || !('key' in request)) return true;
    const versions = this.#versions(state, request.key);
    if ('version' in request && request.version !== undefined) {
      const named = versions.find(({ madeBy }) => this.#ids.get(madeBy) === request.version);
      if (answer.status === 404) return named === undefined;
      if (answer.status === 405) return named !== undefined && named.piece === undefined;
      return this.#fits(named, answer) && this.#hasBytes(named, answer);
    }
    const latest = versions.at(-1);
    if (answer.status === 404)
      return answer.version === undefined
        ? latest === undefined
        : this.#fits(latest, { version: answer.version, etag: undefined });
    return this.#fits(latest, answer) && this.#hasBytes(latest, answer);
  }

  #hasBytes(version: Version | undefined, { pieces }: Answer): boolean {
    return pieces === undefined || pieces.join() === String(version?.piece);
  }

  /** How many versions there are that are not listed, and listed that are not there. */
  #distance(state: State, keys: readonly number[], answer: Answer | undefined): number {
    let sum = 0;
    for (const key of keys) {
      if (this.#lists(state, key, answer)) continue;
      const entries = answer?.entries?.filter((entry) => entry.key === key) ?? [];
      const versions = this.#versions(state, key);
      const both = versions.filter((version) => entries.some((entry) => this.#fits(version, entry)));
      sum += 1 + versions.length + entries.length - 2 * both.length;
    }
    return sum;
  }

  /** All of them, the newest first, which is the latest. */
  #lists(state: State, key: number, answer: Answer | undefined): boolean {
    const entries = answer?.entries?.filter((entry) => entry.key === key) ?? [];
    const versions = this.#versions(state, key);
    return (
      entries.length === versions.length &&
      entries.every((entry, i) => entry.latest === (i === 0) && this.#fits(versions.at(-1 - i), entry))
    );
  }
}
