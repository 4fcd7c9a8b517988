/** What `sync` does, from its two places to its exit code: the library walks both, and objects are moved as `cp` moves them. */

import { isStoreError, sync } from '@cistern/store';
import type { ListedObject, SyncOptions } from '@cistern/store';
import type { Cli } from '../command/cli.ts';
import { openTwoPlaces } from '../compare/two-places.ts';
import type { TwoPlaces } from '../compare/two-places.ts';
import { Failure, usage } from '../failures/failure.ts';
import { toFilter } from '../select/filters.ts';
import type { Filter } from '../select/filters.ts';
import { Progress } from '../terminal/progress.ts';
import type { Item } from '../terminal/progress.ts';
import { showProgress } from '../terminal/progress-view.ts';
import { guessContentType } from '../transfer/content-type.ts';
import { copyJob } from '../transfer/copier.ts';
import type { CopySettings } from '../transfer/copier.ts';
import { Hope } from '../transfer/hopeless.ts';
import type { Job } from '../transfer/job.ts';
import { fileJournal, journalFolder } from '../transfer/journal.ts';
import { Slots, SLOTS, weightOf } from '../transfer/slots.ts';
import { toListed } from '../transfer/sources.ts';
import { throttle } from '../transfer/throttle.ts';
import { SyncReport } from './sync-report.ts';
import { toCompare } from './sync-flags.ts';
import type { SyncFlags } from './sync-flags.ts';
import { syncSingle } from './sync-single.ts';

/** Times that a source may change while it is copied. */
const ATTEMPTS = 3;

/** @throws {Failure} what is wrong with the command line, before anything is done */
export async function runSync(cli: Cli, from: string, to: string, flags: SyncFlags): Promise<void> {
  const compare = toCompare(flags);
  const filter = toFilter(flags);
  const report = new SyncReport(cli, flags);
  const places = await cli.places();
  places.onSkipped = report.onSkipped;
  const two = await openTwoPlaces(cli, [from, to], { isTarget: true, flags });
  if (two.single !== undefined && flags.delete === true)
    throw usage('--delete is for folders, not for one object');
  const mayEmpty = flags.delete !== true || flags.yes === true || flags.dryRun === true;
  if (!mayEmpty) await refuseEmptySource(two, from, filter, cli.signal);
  report.begin(two);

  const through = await throttle(flags.limitRate);
  const progress = new Progress();
  const view = showProgress(cli, progress, flags.dryRun === true ? { ...flags, progress: false } : flags);
  const halt = new AbortController();
  const hope = new Hope();
  const options: SyncOptions = {
    compare,
    filter,
    delete: flags.delete,
    dryRun: flags.dryRun,
    concurrency: flags.concurrency ?? SLOTS,
    signal: AbortSignal.any([cli.signal, halt.signal]),
    copy: copier(cli, two, progress, { ...flags, through }),
  };
  const running =
    two.single === undefined
      ? sync(two.left.store, two.right.store, options)
      : syncSingle(two.single, two, options);
  let stoppedBy: unknown;
  try {
    for await (const record of running) {
      await report.add(record);
      if (record.error === undefined) hope.succeeded();
      else if (!hope.isLeftAfter(record.error)) {
        stoppedBy = record.error;
        halt.abort();
      }
    }
  } catch (error) {
    if (!cli.signal.aborted) stoppedBy ??= error;
  } finally {
    view.close();
  }
  await report.end(stoppedBy);
}

function copier(
  cli: Cli,
  two: TwoPlaces,
  progress: Progress,
  flags: SyncFlags & Pick<CopySettings, 'through'>,
): SyncOptions['copy'] {
  const { left, right } = two;
  const slots = flags.concurrency === undefined ? new Slots() : undefined;
  const settings: CopySettings = {
    overwrite: true,
    dryRun: false,
    attributes: undefined,
    typeOf: guessContentType,
    journal: fileJournal(journalFolder(cli.env), (error) =>
      cli.warn(`what is under way cannot be remembered, to be gone on with later: ${error.message}`),
    ),
    transfer: { durable: flags.durable },
    // The listings have been compared.
    isSame: () => false,
    through: flags.through,
  };
  const one = async (
    relative: ListedObject,
    target: ListedObject | undefined,
    signal: AbortSignal,
  ): Promise<{ size: number } | undefined> => {
    const from = left.opened;
    const key = left.key(relative.key);
    let source: ListedObject = { ...relative, key };
    const item = progress.begin(left.name(relative.key), source.size);
    try {
      for (let attempt = 1; ; attempt++) {
        const job: Job = { from, source, to: right.opened, key: right.key(relative.key), target };
        try {
          const { info } = await copyJob(job, settings, item, signal);
          settle(item, 'done');
          return info ?? source;
        } catch (error) {
          const isChanged = isStoreError(error, 'PreconditionFailed') || isStoreError(error, 'Conflict');
          if (!isStoreError(error, 'NotFound') && (!isChanged || attempt === ATTEMPTS)) throw error;
          // Whether it was the source that is gone, or something of the target.
          if (!(await from.store.exists(key, { signal }))) {
            settle(item, 'skip');
            return undefined;
          }
          if (!isChanged) throw error;
          source = toListed(await from.store.head(key, { signal }));
        }
      }
    } catch (error) {
      settle(item, 'fail');
      throw error;
    }
  };
  return (source, target, signal) =>
    slots === undefined
      ? one(source, target, signal)
      : slots.run(weightOf(source.size), () => one(source, target, signal));
}

/** A source that has lost what it had, or was mistyped, must not take the copy with it. */
async function refuseEmptySource(
  { left, right }: TwoPlaces,
  text: string,
  filter: Filter | undefined,
  signal: AbortSignal,
): Promise<void> {
  const isMeant = (entry: { type: string }): boolean =>
    entry.type === 'object' &&
    (filter === undefined || filter((entry as ListedObject).key, entry as ListedObject));
  for await (const entry of left.store.list({ signal })) if (isMeant(entry)) return;
  let count = 0;
  for await (const entry of right.store.list({ signal })) if (isMeant(entry)) count++;
  if (count === 0) return;
  const objects = count === 1 ? 'the one object' : `all ${count.toLocaleString('en-US')} objects`;
  throw new Failure(
    `${text} is empty${filter === undefined ? '' : ', as far as the filters go'}: this would delete ${objects} of ${right.opened.place.text}`,
    {
      advice: 'With --yes it does; --dry-run shows what.',
    },
  );
}

function settle(item: Item, how: 'done' | 'skip' | 'fail'): void {
  item[how]();
}
