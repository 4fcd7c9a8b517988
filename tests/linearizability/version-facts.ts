/** @module What a stretch of a history of a bucket with versions says about what came before what. */

import type { Entry, Operation } from './history.ts';
import { isRefusal } from './objects.ts';
import type { Facts } from './order.ts';

/** A version: what made it, undefined when it was there before; and what was asked to delete it by name. */
interface Life {
  readonly madeBy: number | undefined;
  readonly deletedBy: number | undefined;
}

/**
 * @param operations what is under way between two moments at which nothing is. No version is deleted by name twice, and none
 *   under another key than its own.
 */
export function versionFacts(operations: readonly Operation[]): Facts {
  const lives = livesOf(operations);
  const facts = { reads: [] as Facts['reads'][number][], pairs: [] as (readonly [number, number])[] };
  const before = (first: number | undefined, second: number | undefined): void => {
    if (first !== undefined && second !== undefined) facts.pairs.push([first, second]);
  };
  /** It was there when `by` looked. */
  const there = (by: number, version = ''): void => {
    const life = lives.get(version);
    before(life?.madeBy, by);
    // One that was not answered need not have happened.
    if (operations[life?.deletedBy ?? -1]?.answer !== undefined) before(by, life?.deletedBy);
  };
  const gone = (by: number, { madeBy, deletedBy }: Life): void => {
    const made = madeBy === undefined ? -Infinity : (operations[madeBy]?.ended ?? Infinity);
    if (deletedBy === undefined) before(by, madeBy);
    else if (made < (operations[by]?.called ?? -Infinity)) before(deletedBy, by);
  };
  for (const [by, { request, answer }] of operations.entries()) {
    if (answer === undefined) continue;
    if (request.kind === 'list') {
      const { entries = [] } = answer;
      for (const key of request.keys) look(by, key, entries);
    } else if ((request.kind === 'get' || request.kind === 'head') && answer.version !== undefined) {
      const life = lives.get(answer.version);
      if (answer.status !== 404) there(by, answer.version);
      if (life !== undefined && !('version' in request))
        facts.reads.push({ by, key: request.key, writers: [life.madeBy] });
    }
  }
  return { ...facts, writes: lasting() };

  function look(by: number, key: number, entries: readonly Entry[]): void {
    const own = entries.filter((entry) => entry.key === key).map(({ version = '' }) => version);
    for (const version of own) there(by, version);
    for (const [newer, older] of own.slice(1).map((version, i) => [own[i] ?? '', version] as const))
      before(lives.get(older)?.madeBy, lives.get(newer)?.madeBy);
    for (const [version, life] of lives) {
      const made = life.madeBy ?? life.deletedBy;
      const of = made === undefined ? undefined : operations[made]?.request;
      if (of !== undefined && 'key' in of && of.key === key && !own.includes(version)) gone(by, life);
    }
  }

  /** What makes a version that nobody deletes hides those before it for good. */
  function lasting(): { by: number; key: number }[] {
    return [...lives.values()].flatMap(({ madeBy, deletedBy }) => {
      const request = madeBy === undefined ? undefined : operations[madeBy]?.request;
      const stays =
        madeBy !== undefined && deletedBy === undefined && request !== undefined && 'key' in request;
      return stays ? [{ by: madeBy, key: request.key }] : [];
    });
  }
}

/** Of the versions that these operations make or delete. */
function livesOf(operations: readonly Operation[]): Map<string, Life> {
  const lives = new Map<string, Life>();
  const none: Life = { madeBy: undefined, deletedBy: undefined };
  for (const [by, { request, answer }] of operations.entries()) {
    if (request.kind === 'delete' && request.version !== undefined)
      lives.set(request.version, { ...(lives.get(request.version) ?? none), deletedBy: by });
    else if (request.kind === 'put' || request.kind === 'copy' || request.kind === 'delete') {
      const { version } = answer ?? {};
      if (version !== undefined && !isRefusal(answer))
        lives.set(version, { ...(lives.get(version) ?? none), madeBy: by });
    }
  }
  return lives;
}
