/** @module The verdict on a history, and what a reader needs in order to see why it is not linearizable. */

import { check } from './checker.ts';
import type { State, Step, Verdict } from './checker.ts';
import { describe } from './history.ts';
import type { Operation } from './history.ts';
import { objectFacts } from './object-facts.ts';
import { ObjectModel } from './objects.ts';
import { necessaryOrder } from './order.ts';
import type { Pieces } from './pieces.ts';
import { versionFacts } from './version-facts.ts';
import { VersionModel } from './versions.ts';

/** What follows from more costs more than it spares. Operations. */
const STRETCH_MAX = 400;

export interface Recorded {
  readonly operations: readonly Operation[];
  readonly pieces: Pieces;
  readonly keys: number;
  readonly versioned: boolean;
}

/** @returns undefined: it is linearizable. Otherwise a report with as few operations as still are not. */
export function explain(history: Recorded): string | undefined {
  return new Judge(history).explain();
}

interface Model {
  readonly none: number;
  step(operation: Operation): Step;
  describe(state: State): string;
}

class Judge {
  readonly #history: Recorded;
  readonly #model: Model;

  constructor(history: Recorded) {
    const { pieces, operations, versioned } = history;
    this.#history = history;
    this.#model = versioned ? new VersionModel(pieces, operations) : new ObjectModel(pieces, operations);
  }

  explain(): string | undefined {
    const { operations } = this.#history;
    const verdict = this.#judge(operations);
    if (verdict.linearizable === true) return undefined;
    const at = operations[verdict.at] as Operation;
    if (verdict.linearizable === undefined) return `not decided, at ${describe(at)}`;
    const least = this.#minimal(upTo(operations, at));
    return [
      `not linearizable: ${describe(at)}`,
      'when it ended, the keys can have held',
      ...verdict.states.map((state) => `  ${this.#model.describe(state)}`),
      'of what was asked and answered, this cannot be:',
      ...least.map((operation) => `  ${describe(operation)}`),
    ].join('\n');
  }

  #judge(operations: readonly Operation[]): Verdict {
    const initial = Array.from({ length: this.#history.keys }, () => this.#model.none);
    const order = this.#order(operations);
    const steps = operations.map((operation, i) => ({
      ...this.#model.step(operation),
      after: order[i] ?? [],
    }));
    return check(steps, initial);
  }

  /** By stretches, each from where nothing is under way to the next such moment. */
  #order(operations: readonly Operation[]): number[][] {
    const { versioned, pieces } = this.#history;
    const order: number[][] = [];
    let start = new Map<number, string>();
    for (let from = 0; from < operations.length;) {
      const settled = operations.findIndex(({ settles }, i) => i >= from && settles === true);
      const end = settled < 0 ? operations.length : settled + 1;
      const stretch = operations.slice(from, end);
      const facts = versioned ? versionFacts(stretch) : objectFacts(stretch, start, pieces);
      const before = stretch.length > STRETCH_MAX ? [] : necessaryOrder(stretch, facts);
      for (const i of stretch.keys()) order.push((before[i] ?? []).map((index) => index + from));
      const entries = operations[settled]?.answer?.entries ?? [];
      start = new Map(entries.map(({ key, etag = '' }) => [key, etag]));
      from = end;
    }
    return order;
  }

  /**
   * Leaves out what only reads, and whole keys: without them everything else could happen as before. Writes stay: without
   * one of them others might be wrong that were right.
   */
  #minimal(operations: readonly Operation[]): Operation[] {
    let kept = [...operations];
    const keepOnly = (rest: Operation[]): void => {
      if (rest.length < kept.length && this.#judge(rest).linearizable === false) kept = rest;
    };
    for (let key = 0; key < this.#history.keys; key++) {
      const others = kept.filter(({ request }) => !keysOf(request).includes(key));
      const ties = kept.some(({ request }) => 'from' in request && keysOf(request).includes(key));
      if (!ties) keepOnly(others);
    }
    const isRead = (operation: Operation): boolean => this.#model.step(operation).reads;
    // The half of them, a quarter, …, each.
    for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      const reads = kept.filter(isRead);
      for (let from = 0; from < reads.length; from += size) {
        const out = new Set(reads.slice(from, from + size));
        keepOnly(kept.filter((operation) => !out.has(operation)));
      }
    }
    return kept;
  }
}

/** What was answered later than the one that cannot be explained may have happened or not. */
function upTo(operations: readonly Operation[], { ended }: Operation): Operation[] {
  return operations
    .filter(({ called }) => called < ended)
    .map((operation) => (operation.ended <= ended ? operation : { ...operation, answer: undefined }));
}

function keysOf(request: Operation['request']): readonly number[] {
  if (request.kind === 'list') return request.keys;
  return 'from' in request ? [request.key, request.from] : [request.key];
}
