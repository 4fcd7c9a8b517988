/** Reads of a fan-out: which members may answer, in which order they are asked, and which answer is taken. */

import type { StoreError } from '../../errors.ts';
import type { Divergences } from './divergence.ts';
import { memberEtag } from './etags.ts';
import { isAnswer, toStoreError } from './members.ts';

export interface ReadConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly version?: string | undefined;
}

/** The members that can answer, best first: those that know the etag or version, and are not known to differ. */
export function candidates(
  key: string,
  members: number,
  { ifMatch, version }: ReadConditions,
  divergences: Divergences,
): number[] {
  if (version !== undefined) return [0];
  if (ifMatch !== undefined) {
    const { member } = memberEtag(ifMatch);
    return member < members && !divergences.has(key, member) ? [member] : [0];
  }
  return Array.from({ length: members }, (_, member) => member).filter(
    (member) => member === 0 || !divergences.has(key, member),
  );
}

/** The conditions as a member knows them. */
export function conditionsFor<T extends ReadConditions>(options: T, member: number): T {
  const { ifMatch, ifNoneMatch } = options;
  const match = ifMatch === undefined ? undefined : memberEtag(ifMatch);
  const none = ifNoneMatch === undefined ? undefined : memberEtag(ifNoneMatch);
  return {
    ...options,
    ifMatch: match?.member === member ? match.etag : ifMatch,
    // An etag of another member cannot be this one's.
    ifNoneMatch: none?.member === member ? none.etag : undefined,
  };
}

export interface Answer<T> {
  readonly member: number;
  readonly value: T;
}

type Ask<T> = (member: number, signal: AbortSignal | undefined) => Promise<T>;

/** Asks one after another until one answers. What the primary says of the object is the answer, be it an error. */
export async function askInTurn<T>(
  members: readonly number[],
  ask: Ask<T>,
  signal: AbortSignal | undefined,
): Promise<Answer<T>> {
  const errors: unknown[] = [];
  for (const member of members) {
    try {
      return { member, value: await ask(member, signal) };
    } catch (error) {
      if (isFinal(error, member)) throw error;
      errors.push(error);
    }
  }
  // What others say tells of themselves; what the first said tells why they were asked.
  throw errors[0];
}

export interface FastestOptions<T> {
  readonly signal: AbortSignal | undefined;
  readonly hedgeMs: number;
  /** lets go of an answer that was not taken */
  readonly discard: (value: T) => void;
  /** a member does not have what the primary has */
  readonly onMissing: (member: number, error: StoreError) => void;
}

/**
 * Asks the first one, and the next one each time that a while has gone by without an answer, or with a failure. Takes the
 * first answer; the others are aborted, and theirs discarded.
 */
export function askFastest<T>(
  members: readonly number[],
  ask: Ask<T>,
  { signal, hedgeMs, discard, onMissing }: FastestOptions<T>,
): Promise<Answer<T>> {
  return new Promise((resolve, reject) => {
    const aborts = new Map<number, AbortController>();
    const missing: { readonly member: number; readonly error: StoreError }[] = [];
    const errors = new Map<number, Error>();
    let asked = 0;
    let settled = false;
    let timer: NodeJS.Timeout | undefined;
    const settle = (winner?: number): void => {
      settled = true;
      clearTimeout(timer);
      for (const [member, abort] of aborts) if (member !== winner) abort.abort();
    };
    const onValue = (member: number, value: T): void => {
      if (settled) {
        discard(value);
        return;
      }
      settle(member);
      if (member === 0) for (const one of missing) onMissing(one.member, one.error);
      resolve({ member, value });
    };
    const onError = (member: number, error: Error): void => {
      if (settled) return;
      errors.set(member, error);
      const final = isFinal(error, member);
      if (final || errors.size === members.length) {
        settle();
        reject(final ? error : (errors.get(members[0] ?? 0) ?? error));
        return;
      }
      if (isAnswer(error)) missing.push({ member, error: toStoreError(error) });
      next();
    };
    const next = (): void => {
      clearTimeout(timer);
      const member = members[asked];
      if (settled || member === undefined) return;
      if (++asked < members.length) timer = setTimeout(next, hedgeMs);
      const abort = new AbortController();
      aborts.set(member, abort);
      const both = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
      ask(member, both).then(
        (value) => onValue(member, value),
        (error: Error) => onError(member, error),
      );
    };
    next();
  });
}

/**
 * What is not put to others: the caller's signal, and what a store says of the object. That there is none, only the primary
 * can say: another may have missed the write.
 */
function isFinal(error: unknown, member: number): boolean {
  return isAnswer(error) && (member === 0 || toStoreError(error).code !== 'NotFound');
}
