/** What `diff` and `verify` do: both walk two places side by side, and tell what is in one alone or differs. */

import type { ListedObject } from '@cistern/store';
import { difference } from '@cistern/store/sync';
import type { Compare, KeyPair } from '@cistern/store/sync';
import { sameContent } from '@cistern/store/transfers';
import type { Cli } from '../command/cli.ts';
import type { FilterFlags, OutputFlags, ProgressFlags, ReachFlags } from '../command/options.ts';
import { toFilter } from '../select/filters.ts';
import { Progress } from '../terminal/progress.ts';
import { showProgress } from '../terminal/progress-view.ts';
import { SLOTS } from '../transfer/slots.ts';
import { CompareReport } from './compare-report.ts';
import { inOrder } from './in-order.ts';
import { eachPair, openTwoPlaces } from './two-places.ts';
import type { TwoPlaces } from './two-places.ts';

export interface CompareCommandFlags extends ReachFlags, OutputFlags, ProgressFlags, FilterFlags {
  readonly json?: true;
  readonly oneWay?: true;
  readonly concurrency?: number;
}

/** How objects that both places have are told apart. */
export type How =
  | { readonly command: 'diff'; readonly compare: Compare | undefined }
  | { readonly command: 'verify'; readonly read: boolean };

/** What became of a key. */
export type Outcome = KeyPair & {
  readonly result: 'same' | 'different' | 'only-left' | 'only-right' | 'error';
  /** why it is the same, or is not */
  readonly reason?: string | undefined;
  readonly error?: unknown;
};

/** @throws {Failure} what is wrong with the command line; @throws {StoreError} of a listing */
export async function runCompare(
  cli: Cli,
  texts: readonly [string, string],
  flags: CompareCommandFlags,
  how: How,
): Promise<void> {
  const filter = toFilter(flags);
  const report = new CompareReport(cli, flags, how.command);
  (await cli.places()).onSkipped = report.onSkipped;
  const two = await openTwoPlaces(cli, texts, { isTarget: false, flags });
  const progress = new Progress();
  const view = showProgress(cli, progress, flags);
  const look = looker(two, how, progress, cli.signal);
  try {
    const pairs = eachPair(two, filter, cli.signal);
    for await (const outcome of inOrder(pairs, flags.concurrency ?? SLOTS, look)) {
      if (cli.signal.aborted) break;
      if (outcome.result === 'only-right' && flags.oneWay === true) continue;
      const wait = report.add(outcome, two);
      if (wait !== undefined) await wait;
    }
  } catch (error) {
    if (!cli.signal.aborted) throw error;
  } finally {
    view.close();
  }
  await report.end(texts);
}

type Look = (pair: KeyPair) => Outcome | Promise<Outcome>;

function looker(two: TwoPlaces, how: How, progress: Progress, signal: AbortSignal): Look {
  const { left, right } = two;
  const byContent = async (pair: KeyPair, { size }: ListedObject): Promise<Outcome> => {
    const item = progress.begin(left.name(pair.key), size);
    try {
      const read = how.command === 'verify' && how.read;
      const { isSame, by } = await sameContent(
        { store: left.opened.store, key: left.key(pair.key) },
        { store: right.opened.store, key: right.key(pair.key) },
        { signal, read, onBytes: (bytes) => item.add(bytes) },
      );
      item.done();
      return { ...pair, result: isSame ? 'same' : 'different', reason: by };
    } catch (error) {
      item.fail();
      return { ...pair, result: 'error', error };
    }
  };
  return (pair) => {
    const { source, target } = pair;
    if (target === undefined) return { ...pair, result: 'only-left' };
    if (source === undefined) return { ...pair, result: 'only-right' };
    if (how.command === 'verify') {
      if (source.size !== target.size) return { ...pair, result: 'different', reason: 'size' };
      return byContent(pair, source);
    }
    const found = difference(source, target, how.compare);
    if (found === 'unknown') return byContent(pair, source);
    return found === 'same' ? { ...pair, result: 'same' } : { ...pair, result: 'different', reason: found };
  };
}
