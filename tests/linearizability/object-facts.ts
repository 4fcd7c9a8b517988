/** @module What a stretch of a history of a bucket without versions says about what came before what. */

import { appendedMd5 } from './etags.ts';
import type { Answer, Operation, Request } from './history.ts';
import type { Facts, Read } from './order.ts';
import type { Pieces } from './pieces.ts';

/** What a key was read to hold. */
interface Value {
  readonly key: number;
  /** undefined: nothing */
  readonly etag: string | undefined;
}

/**
 * @param operations what is under way between two moments at which nothing is
 * @param start the ETag of each key that held something before them
 */
export function objectFacts(
  operations: readonly Operation[],
  start: ReadonlyMap<number, string>,
  pieces: Pieces,
): Facts {
  const writers = new Writers(operations, start, pieces);
  const values = operations.map(({ request, answer }) => valuesRead(request, answer, { pieces, writers }));
  const reads = values.flatMap((read, by) =>
    read.map(({ key, etag }): Read => ({ by, key, writers: writers.of(key, etag) })),
  );
  const writes = operations.flatMap(({ request, answer }, by) =>
    answer === undefined || answer.status >= 400 ? [] : keysWritten(request).map((key) => ({ by, key })),
  );
  return { reads, writes, pairs: [] };
}

function valuesRead(
  request: Request,
  answer: Answer | undefined,
  known: { pieces: Pieces; writers: Writers },
): readonly Value[] {
  if (answer === undefined) return [];
  if (request.kind === 'list')
    return request.keys.map((key) => ({
      key,
      etag: answer.entries?.find((entry) => entry.key === key)?.etag,
    }));
  const key = 'from' in request ? request.from : request.key;
  if (answer.status === 404) return [{ key, etag: undefined }];
  if (answer.status >= 400) return [];
  if (request.kind === 'put') {
    const { condition } = request;
    if (condition === undefined) return [];
    return [{ key, etag: condition === 'absent' ? undefined : condition.etag }];
  }
  if (request.kind === 'append') return baseOf(request, answer, known);
  return answer.etag === undefined ? [] : [{ key, etag: answer.etag }];
}

/** What bytes were appended to is in the ETag that the result has. */
function baseOf(
  { key, piece }: Request & { kind: 'append' },
  { etag = '' }: Answer,
  { pieces, writers }: { pieces: Pieces; writers: Writers },
): readonly Value[] {
  const { md5 } = pieces.get(piece);
  if (etag === md5) return [{ key, etag: undefined }];
  const base = writers.etags().find((one) => etag.startsWith(appendedMd5(one, md5)));
  return base === undefined ? [] : [{ key, etag: base }];
}

function keysWritten(request: Request): readonly number[] {
  switch (request.kind) {
    case 'put':
    case 'append':
    case 'delete':
    case 'copy':
      return [request.key];
    case 'rename':
      return request.key === request.from ? [] : [request.key, request.from];
    default:
      return [];
  }
}

interface Vague {
  readonly by: number;
  readonly request: Request & { key: number };
}

/** Which operations can have left a value in a key. */
class Writers {
  /** By `key etag`: those that have left just this, if they happened. */
  readonly #direct = new Map<string, (number | undefined)[]>();
  /** By ETag: the keys where it can have been. */
  readonly #places = new Map<string, Set<number>>();
  /** Moves, and appends without an answer, of which the value is not told. */
  readonly #vague: Vague[] = [];

  constructor(operations: readonly Operation[], start: ReadonlyMap<number, string>, pieces: Pieces) {
    const keys = new Set(
      operations.flatMap(({ request }) => ('key' in request ? [request.key] : request.keys)),
    );
    for (const key of keys) this.#note(key, start.get(key), undefined);
    for (const [by, { request, answer }] of operations.entries()) {
      if (!('key' in request) || (answer !== undefined && answer.status >= 400)) continue;
      const { kind, key } = request;
      if (kind === 'put') this.#note(key, pieces.get(request.piece).md5, by);
      else if (kind === 'delete') this.#note(key, undefined, by);
      else if (kind === 'rename') {
        this.#note(request.from, undefined, by);
        this.#vague.push({ by, request });
      } else if (kind === 'append' || kind === 'copy') {
        if (answer?.etag === undefined) this.#vague.push({ by, request });
        else this.#note(key, answer.etag, by);
      }
    }
  }

  etags(): string[] {
    return [...this.#places.keys()];
  }

  of(key: number, etag: string | undefined): readonly (number | undefined)[] {
    const direct = this.#direct.get(`${key} ${etag}`) ?? [];
    if (etag === undefined) return direct;
    const where = new Set(this.#places.get(etag));
    const can = ({ request }: Vague): boolean => ('from' in request ? where.has(request.from) : true);
    for (let size = -1; size !== where.size;) {
      size = where.size;
      for (const one of this.#vague) if (can(one)) where.add(one.request.key);
    }
    const moved = this.#vague.filter((one) => one.request.key === key && can(one)).map(({ by }) => by);
    return [...direct, ...moved];
  }

  #note(key: number, etag: string | undefined, by: number | undefined): void {
    const name = `${key} ${etag}`;
    this.#direct.set(name, [...(this.#direct.get(name) ?? []), by]);
    if (etag !== undefined) this.#places.set(etag, (this.#places.get(etag) ?? new Set()).add(key));
  }
}
