/** What `cp` and `mv` have in common: from the words of a command line to its exit code. */

import type { Cli } from '../command/cli.ts';
import { EXIT_FAILED } from '../command/exit-codes.ts';
import { explain } from '../failures/explain.ts';
import type { Places } from '../places/places.ts';
import { toFilter } from '../select/filters.ts';
import { Progress } from '../terminal/progress.ts';
import type { Item } from '../terminal/progress.ts';
import { showProgress } from '../terminal/progress-view.ts';
import { toAttributes } from '../values/attributes.ts';
import { guessContentType } from './content-type.ts';
import type { Copied, CopySettings } from './copier.ts';
import type { Job } from './job.ts';
import { userJournal } from './journal.ts';
import { plan } from './plan.ts';
import type { Plan } from './plan.ts';
import { printRecord, printSummary } from './report.ts';
import type { Verb } from './report.ts';
import { runTransfers } from './run-transfers.ts';
import { throttle } from './throttle.ts';
import type { NamedPlaces, TransferFlags } from './transfer-flags.ts';

export interface TransferCommand {
  readonly verb: Verb;
  readonly isSame: CopySettings['isSame'];
  readonly shortcut?: CopySettings['shortcut'];
  /** moves one object */
  readonly act: (job: Job, settings: CopySettings, item: Item, signal: AbortSignal) => Promise<Copied>;
}

/** @throws {Failure} what is wrong with the command line, and why a single object could not be moved */
export async function runTransferCommand(
  cli: Cli,
  { verb, isSame, shortcut, act }: TransferCommand,
  places: NamedPlaces,
  flags: TransferFlags,
): Promise<void> {
  const { signal } = cli;
  const filter = toFilter(flags);
  const attributes = toAttributes(flags);
  const opened = await cli.places();
  const leftOut = tellSkipped(opened, places.destination, flags);
  const planned = await plan(opened, places.sources, places.destination, { flags, filter, signal });
  sayWhatIsLost(cli, planned, attributes !== undefined, flags);
  const settings: CopySettings = {
    overwrite: flags.overwrite === true,
    dryRun: flags.dryRun === true,
    attributes,
    typeOf: guessContentType,
    journal: userJournal(cli),
    transfer: { partSize: flags.partSize, durable: flags.durable },
    isSame,
    shortcut,
    through: await throttle(flags.limitRate),
  };
  const startMs = performance.now();
  const progress = new Progress();
  const view = showProgress(cli, progress, flags.dryRun === true ? { ...flags, progress: false } : flags);
  let tally;
  try {
    tally = await runTransfers(planned.jobs, (job, item, stop) => act(job, settings, item, stop), {
      signal,
      concurrency: flags.concurrency,
      progress,
      onRecord: (record) => printRecord(cli, verb, flags, record),
    });
  } finally {
    view.close();
  }
  const isInterrupted = signal.aborted;
  const [only] = tally.failures;
  // One object's failure is the command's: it says it, and ends with its exit code.
  const failure = planned.isSingle && !isInterrupted ? only?.error : undefined;
  if (failure !== undefined && flags.json !== true) throw failure as Error;
  const isNothing = tally.copied + tally.skipped + tally.failed === 0;
  if (tally.stoppedBy !== undefined && isNothing && !isInterrupted) throw tally.stoppedBy as Error;
  await printSummary(cli, flags, { verb, tally, elapsedMs: performance.now() - startMs, isInterrupted });
  sayWhatIsLeftOut(cli, planned, flags);
  if (failure !== undefined) cli.exitCode = (await explain(failure)).exitCode;
  if (leftOut.lost > 0 && cli.exitCode === 0) cli.exitCode = EXIT_FAILED;
}

/**
 * What may not be read, or has no key, could not be moved; links and pipes are no objects, and left out as is said once of each. The
 * target may have what it wants.
 */
function tellSkipped(
  places: Places,
  destination: string,
  { quiet, json }: TransferFlags,
): { readonly lost: number } {
  const counts = { lost: 0 };
  const target = places.parse(destination);
  const isOfTarget = (path: string): boolean => target.kind === 'local' && path.startsWith(target.path);
  const told = places.onSkipped;
  places.onSkipped = (path, why) => {
    if (why === 'unreadable' || (why === 'name' && !isOfTarget(path))) counts.lost++;
    else if (quiet === true || json === true) return;
    told(path, why);
  };
  return counts;
}

function sayWhatIsLost(
  cli: Cli,
  { sources, to }: Plan,
  isGiven: boolean,
  { quiet, json }: TransferFlags,
): void {
  if (to.store.capabilities.attributes || quiet === true || json === true) return;
  const what = to.place.kind === 'local' ? 'Plain files keep' : `${to.place.text} keeps`;
  // Of a download everybody knows; of what was asked for, and of another store, nobody does.
  const isSurprising =
    isGiven || (to.place.kind !== 'local' && sources.some(({ open }) => open.store.capabilities.attributes));
  if (isSurprising) cli.note(`${what} no content types and no metadata: the copies have none`);
}

function sayWhatIsLeftOut(cli: Cli, { sources }: Plan, { quiet, json }: TransferFlags): void {
  const folders = sources.reduce((sum, one) => sum + (one.kind === 'object' ? 0 : one.leftOut.count), 0);
  if (folders === 0 || quiet === true || json === true) return;
  cli.note(`${folders} ${folders === 1 ? 'folder was' : 'folders were'} left out: -r takes what is in them`);
}
