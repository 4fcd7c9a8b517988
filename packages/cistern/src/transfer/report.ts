/** What is said of a command's transfers: a record of each where programs read, and a summary with every failure for people. */

import type { Cli } from '../command/cli.ts';
import { EXIT_FAILED, EXIT_INTERRUPTED } from '../command/exit-codes.ts';
import { explain } from '../failures/explain.ts';
import { onOneLine } from '../failures/explanation.ts';
import { formatBytes, formatDuration } from '../terminal/sizes.ts';
import { jobNames } from './job.ts';
import type { Tally, TransferRecord } from './run-transfers.ts';
import type { TransferFlags } from './transfer-flags.ts';

/** The words of a command: `copy`, `Copied`. */
export interface Verb {
  readonly name: 'copy' | 'move';
  readonly past: 'copied' | 'moved';
}

/** Prints the record of an object, where it is data. */
export async function printRecord(
  cli: Cli,
  verb: Verb,
  { json, dryRun }: TransferFlags,
  { job, done, error }: TransferRecord,
): Promise<void> {
  if (json !== true && dryRun !== true) return;
  const names = jobNames(job);
  if (json !== true) {
    if (done?.action === 'copied') await cli.out.line(`${verb.name} ${names.source} -> ${names.target}`);
    return;
  }
  const { size } = job.source;
  const planned = dryRun === true ? { dryRun: true } : {};
  if (done === undefined) {
    const { code, message, advice } = await explain(error, cli);
    await cli.out.json({ type: 'error', ...names, size, error: { code, message, advice } });
  } else if (done.action === 'skipped') {
    await cli.out.json({ type: 'skip', ...names, size, reason: 'same' });
  } else {
    const { info, resumedBytes, serverSide, verified } = done;
    await cli.out.json({
      type: verb.name,
      ...names,
      size: info?.size ?? size,
      etag: info?.etag,
      version: info?.version,
      ...(resumedBytes !== undefined && resumedBytes > 0 && { resumedBytes }),
      serverSide,
      verified,
      ...planned,
    });
  }
}

export interface Ending {
  readonly verb: Verb;
  readonly tally: Tally;
  readonly elapsedMs: number;
  readonly isInterrupted: boolean;
}

/** Says how it went, and sets the exit code. */
export async function printSummary(cli: Cli, flags: TransferFlags, ending: Ending): Promise<void> {
  const { tally, isInterrupted, verb, elapsedMs } = ending;
  const isComplete = tally.isPlanned && tally.remaining === 0 && !isInterrupted;
  if (tally.failed > 0) cli.exitCode = EXIT_FAILED;
  if (isInterrupted) cli.exitCode = EXIT_INTERRUPTED;
  if (flags.json === true) {
    const { bytes, resumedBytes, skipped, failed } = tally;
    const counts = { [verb.past]: tally.copied, bytes, resumedBytes, skipped, failed };
    const end = { durationMs: Math.round(elapsedMs), isComplete };
    await cli.out.json({
      type: 'summary',
      ...counts,
      ...end,
      ...(flags.dryRun === true && { dryRun: true }),
    });
  }
  const isError = tally.failed > 0 || isInterrupted || tally.stoppedBy !== undefined;
  const isQuiet = flags.quiet === true || flags.json === true;
  // What was printed is above what is said of it.
  await cli.out.flush();
  if (!isQuiet || isError) cli.note(summaryText(ending, flags.dryRun === true));
  for (const { job, error } of tally.failures) {
    cli.note(`  ${onOneLine(jobNames(job).source, await explain(error, cli))}`);
  }
  const untold = tally.failed - tally.failures.length;
  if (untold > 0) cli.note(`  and ${count(untold)} more`);
  if (tally.stoppedBy !== undefined && !isInterrupted) {
    const { message, advice, exitCode } = await explain(tally.stoppedBy, cli);
    cli.exitCode = exitCode;
    cli.warn(`stopped: ${message}`);
    if (advice !== undefined) cli.note(`  ${advice}`);
  }
}

/** `Copied 10,000 objects, 39.1 MiB, in 3 s (12 MiB/s); 3 skipped as the same; 1 failed:` */
export function summaryText({ verb, tally, elapsedMs, isInterrupted }: Ending, isDryRun: boolean): string {
  const { copied, bytes, resumedBytes, skipped, failed, remaining, isPlanned } = tally;
  const seconds = elapsedMs / 1000;
  const amount = `${count(copied)} ${copied === 1 ? 'object' : 'objects'}, ${formatBytes(bytes)}`;
  const moved = bytes - resumedBytes;
  const rate = seconds >= 0.1 && moved > 0 ? ` (${formatBytes(moved / seconds)}/s)` : '';
  const past = `${verb.past.slice(0, 1).toUpperCase()}${verb.past.slice(1)}`;
  const texts = [
    isDryRun
      ? `Would have ${verb.past} ${amount}`
      : `${past} ${amount}, in ${formatDuration(seconds)}${rate}`,
    ...(resumedBytes > 0 ? [`${formatBytes(resumedBytes)} of it in an earlier run`] : []),
    ...(skipped > 0 ? [`${count(skipped)} skipped as the same`] : []),
    ...(isInterrupted ? [remainingText(remaining, isPlanned)] : []),
    ...(failed > 0 ? [`${count(failed)} failed:`] : []),
  ];
  return `${isInterrupted ? 'Stopped. ' : ''}${texts.join('; ')}`;
}

function remainingText(remaining: number, isPlanned: boolean): string {
  const left = isPlanned ? count(remaining) : `${count(remaining)} or more`;
  return `${left} ${remaining === 1 && isPlanned ? 'remains' : 'remain'}: the same command goes on`;
}

/** `10,000`. Not by `Intl`, which takes longer to load than many a command runs. */
function count(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
