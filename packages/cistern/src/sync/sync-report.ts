/** What `sync` says: a record of each object where programs read, lines where they were asked for, and a summary with every failure. */

import type { SyncRecord } from '@cistern/store';
import type { Skipped } from '@cistern/store/local';
import type { Cli } from '../command/cli.ts';
import { EXIT_FAILED, EXIT_INTERRUPTED } from '../command/exit-codes.ts';
import type { TwoPlaces } from '../compare/two-places.ts';
import { explain } from '../failures/explain.ts';
import { onOneLine } from '../failures/explanation.ts';
import { Failure } from '../failures/failure.ts';
import { skippedTeller, skippedText } from '../places/places.ts';
import { formatBytes, formatDuration } from '../terminal/sizes.ts';
import type { SyncFlags } from './sync-flags.ts';

/** Failures that are kept to be told; the others are counted. */
const FAILURES_MAX = 1000;

export class SyncReport {
  readonly #cli: Cli;
  readonly #flags: SyncFlags;
  readonly #startMs = performance.now();
  readonly #counts = { copied: 0, updated: 0, deleted: 0, skipped: 0, failed: 0, bytes: 0 };
  readonly #failures: { readonly name: string; readonly error: unknown }[] = [];
  #two: TwoPlaces | undefined;

  readonly #tellSkipped: Skipped = skippedTeller((line) => this.#cli.warn(line));

  constructor(cli: Cli, flags: SyncFlags) {
    this.#cli = cli;
    this.#flags = flags;
  }

  begin(two: TwoPlaces): void {
    this.#two = two;
  }

  /** What cannot be read is not known: nothing is deleted then, and the command fails. */
  readonly onSkipped: Skipped = (path, why) => {
    const { quiet, json } = this.#flags;
    if (why === 'name' && !this.#isOfTarget(path)) {
      this.#fail(path, new Failure(skippedText(path, why), { advice: 'Give it a name in UTF-8.' }));
      return;
    }
    if (why !== 'unreadable') {
      if (quiet !== true && json !== true) this.#tellSkipped(path, why);
      return;
    }
    const failure = new Failure(skippedText(path, why), { advice: 'Check the permissions of the folder.' });
    if (this.#flags.delete === true) throw failure;
    this.#fail(path, failure);
  };

  /** The target may have what the source knows nothing of. */
  #isOfTarget(path: string): boolean {
    const place = this.#two?.right.opened.place;
    return place?.kind === 'local' && path.startsWith(place.path);
  }

  async add(record: SyncRecord): Promise<void> {
    const { key, action, size, error } = record;
    if (this.#two === undefined) return;
    if (action === 'skip' && error === undefined && this.#flags.verbose !== true) {
      // Most records of most runs.
      this.#counts.skipped++;
      return;
    }
    const { left, right } = this.#two;
    const name = (action === 'delete' ? right : left).name(key);
    if (error !== undefined) this.#fail(name, reasonOf(error));
    else {
      this.#counts[COUNTED[action]]++;
      if (action === 'copy' || action === 'update') this.#counts.bytes += size;
    }
    await this.#print(record, left.name(key), right.name(key));
  }

  /** @param stoppedBy why it ended before its end, if it did */
  async end(stoppedBy: unknown): Promise<void> {
    const cli = this.#cli;
    const { dryRun, json, quiet } = this.#flags;
    const isInterrupted = cli.signal.aborted;
    const durationMs = performance.now() - this.#startMs;
    const { copied, updated, deleted, skipped, failed } = this.#counts;
    const isNothing = copied + updated + deleted + skipped + failed === 0;
    if (stoppedBy !== undefined && isNothing && !isInterrupted && json !== true) throw stoppedBy as Error;
    if (this.#counts.failed > 0 || stoppedBy !== undefined) cli.exitCode = EXIT_FAILED;
    if (isInterrupted) cli.exitCode = EXIT_INTERRUPTED;
    const isError = cli.exitCode !== 0;
    if (json === true) {
      const end = {
        durationMs: Math.round(durationMs),
        isComplete: !isInterrupted && stoppedBy === undefined,
      };
      await cli.out.json({ type: 'summary', ...this.#counts, ...end, ...(dryRun === true && { dryRun }) });
    }
    // What was printed is above what is said of it.
    await cli.out.flush();
    if (isError || (quiet !== true && json !== true)) cli.note(this.#summary(durationMs, isInterrupted));
    for (const { name, error } of this.#failures) {
      cli.note(`  ${onOneLine(name, await explain(error, cli))}`);
    }
    const untold = this.#counts.failed - this.#failures.length;
    if (untold > 0) cli.note(`  and ${count(untold)} more`);
    if (stoppedBy === undefined || isInterrupted) return;
    const { message, advice, exitCode } = await explain(stoppedBy, cli);
    // Nothing was done: it is as if it had not begun.
    if (copied + updated + deleted + failed === 0) cli.exitCode = exitCode;
    cli.warn(`stopped: ${message}`);
    if (advice !== undefined) cli.note(`  ${advice}`);
  }

  #fail(name: string, error: unknown): void {
    this.#counts.failed++;
    if (this.#failures.length < FAILURES_MAX) this.#failures.push({ name, error });
  }

  async #print({ action, reason, size, error }: SyncRecord, source: string, target: string): Promise<void> {
    const { json, dryRun, verbose, quiet } = this.#flags;
    const names = action === 'delete' ? { target } : { source, target };
    if (json === true) {
      if (error !== undefined) {
        const { code, message, advice } = await explain(reasonOf(error), this.#cli);
        await this.#cli.out.json({ type: 'error', action, ...names, size, error: { code, message, advice } });
      } else {
        await this.#cli.out.json({
          type: action,
          ...names,
          size,
          reason,
          ...(dryRun === true && { dryRun }),
        });
      }
      return;
    }
    if (error !== undefined || action === 'skip') return;
    const line = action === 'delete' ? `delete ${target}` : `${action} ${source} -> ${target}`;
    if (dryRun === true) await this.#cli.out.line(line);
    else if (verbose === true && quiet !== true) this.#cli.note(line);
  }

  #summary(durationMs: number, isInterrupted: boolean): string {
    const { copied, updated, deleted, skipped, failed, bytes } = this.#counts;
    const seconds = durationMs / 1000;
    const isDry = this.#flags.dryRun === true;
    const rate = seconds >= 0.1 && bytes > 0 && !isDry ? ` (${formatBytes(bytes / seconds)}/s)` : '';
    const time = isDry ? '' : `, in ${formatDuration(seconds)}${rate}`;
    const done = [
      `${count(copied)} copied`,
      ...(updated > 0 ? [`${count(updated)} updated`] : []),
      ...(deleted > 0 ? [`${count(deleted)} deleted`] : []),
    ];
    const texts = [
      `${isDry ? 'Would be: ' : ''}${done.join(', ')}, ${formatBytes(bytes)}${time}`,
      ...(skipped > 0 ? [`${count(skipped)} ${skipped === 1 ? 'is' : 'are'} the same`] : []),
      ...(failed > 0 ? [`${count(failed)} failed`] : []),
      ...(isInterrupted ? ['the same command goes on'] : []),
    ];
    return `${isInterrupted ? 'Stopped. ' : ''}${texts.join('; ')}${failed > 0 && !isInterrupted ? ':' : ''}`;
  }
}

const COUNTED = { copy: 'copied', update: 'updated', delete: 'deleted', skip: 'skipped' } as const;

/** What a copier threw that is no error of a store comes wrapped in one. */
function reasonOf(error: SyncRecord['error']): unknown {
  return error?.cause instanceof Failure ? error.cause : error;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
