/** What `diff` and `verify` say: each difference as data, and the sums for people. */

import type { ListedObject } from '@cistern/store';
import type { Skipped } from '@cistern/store/local';
import type { Cli } from '../command/cli.ts';
import { EXIT_DIFFERENT, EXIT_FAILED, EXIT_INTERRUPTED } from '../command/exit-codes.ts';
import { explain } from '../failures/explain.ts';
import { onOneLine } from '../failures/explanation.ts';
import { isLost, skippedTeller, skippedText } from '../places/places.ts';
import type { CompareCommandFlags, How, Outcome } from './compare-command.ts';
import type { TwoPlaces } from './two-places.ts';

/** Failures that are kept to be told; the others are counted. */
const FAILURES_MAX = 1000;

const SIGNS = { 'only-left': '<', 'only-right': '>', different: '!' } as const;
const REASONS: Readonly<Record<string, string>> = {
  size: 'size',
  etag: 'etag',
  older: 'the second is older',
  crc32: 'content',
  md5: 'content',
  bytes: 'content',
};

export class CompareReport {
  readonly #cli: Cli;
  readonly #flags: CompareCommandFlags;
  readonly #command: How['command'];
  readonly #startMs = performance.now();
  readonly #counts = { same: 0, different: 0, onlyLeft: 0, onlyRight: 0, failed: 0 };
  /** what decided that contents are the same */
  readonly #by: Record<string, number> = {};
  readonly #failures: { readonly name: string; readonly error: unknown }[] = [];

  readonly #tellSkipped: Skipped = skippedTeller((line) => this.#cli.warn(line));

  constructor(cli: Cli, flags: CompareCommandFlags, command: How['command']) {
    this.#cli = cli;
    this.#flags = flags;
    this.#command = command;
  }

  /** What may not be read, or has no key, was not compared. */
  readonly onSkipped: Skipped = (path, why) => {
    const { quiet, json } = this.#flags;
    if (isLost(why)) this.#fail(path, new Error(skippedText(path, why)));
    else if (quiet !== true && json !== true) this.#tellSkipped(path, why);
  };

  add(outcome: Outcome, two: TwoPlaces): Promise<void> | void {
    const { result, reason = '' } = outcome;
    switch (result) {
      case 'same':
        this.#counts.same++;
        if (reason !== '') this.#by[reason] = (this.#by[reason] ?? 0) + 1;
        return undefined;
      case 'different':
        this.#counts.different++;
        break;
      case 'only-left':
        this.#counts.onlyLeft++;
        break;
      case 'only-right':
        this.#counts.onlyRight++;
        break;
      case 'error':
        return this.#addError(outcome, two);
    }
    const { key, source, target } = outcome;
    if (this.#flags.json === true) {
      return this.#cli.out.json({
        type: result,
        key: keyOf(outcome, two),
        ...(reason !== '' && { reason }),
        left: toJson(source),
        right: toJson(target),
      });
    }
    const sizes = reason === 'size' ? `: ${source?.size} and ${target?.size}` : '';
    const why = result === 'different' ? `  (${REASONS[reason] ?? reason}${sizes})` : '';
    const name = key === '' ? keyOf(outcome, two) : key;
    return this.#cli.out.line(`${SIGNS[result]} ${name}${why}`);
  }

  async end([left, right]: readonly [string, string]): Promise<void> {
    const cli = this.#cli;
    const { json, quiet } = this.#flags;
    const { same, different, onlyLeft, onlyRight, failed } = this.#counts;
    const isInterrupted = cli.signal.aborted;
    if (different + onlyLeft + onlyRight > 0) cli.exitCode = EXIT_DIFFERENT;
    if (failed > 0) cli.exitCode = EXIT_FAILED;
    if (isInterrupted) cli.exitCode = EXIT_INTERRUPTED;
    if (json === true) {
      const by = this.#command === 'verify' ? { by: this.#by } : {};
      const durationMs = Math.round(performance.now() - this.#startMs);
      await cli.out.json({ type: 'summary', ...this.#counts, ...by, durationMs, isComplete: !isInterrupted });
    }
    await cli.out.flush();
    if (failed > 0 || isInterrupted || (quiet !== true && json !== true)) {
      const texts = [
        `${count(same)} ${same === 1 ? 'is' : 'are'} the same${this.#howText()}`,
        ...(different > 0 ? [`${count(different)} ${different === 1 ? 'differs' : 'differ'}`] : []),
        ...(onlyLeft > 0 ? [`${count(onlyLeft)} only in ${left}`] : []),
        ...(onlyRight > 0 ? [`${count(onlyRight)} only in ${right}`] : []),
        ...(failed > 0 ? [`${count(failed)} could not be compared:`] : []),
      ];
      cli.note(`${isInterrupted ? 'Stopped. ' : ''}${texts.join('; ')}`);
    }
    for (const { name, error } of this.#failures) {
      cli.note(`  ${onOneLine(name, await explain(error, cli))}`);
    }
    const untold = failed - this.#failures.length;
    if (untold > 0) cli.note(`  and ${count(untold)} more`);
  }

  async #addError(outcome: Outcome, two: TwoPlaces): Promise<void> {
    // What was stopped is not known to differ.
    if (this.#cli.signal.aborted) return;
    this.#fail(two.left.name(outcome.key), outcome.error);
    if (this.#flags.json !== true) return;
    const { code, message, advice } = await explain(outcome.error, this.#cli);
    await this.#cli.out.json({ type: 'error', key: keyOf(outcome, two), error: { code, message, advice } });
  }

  #fail(name: string, error: unknown): void {
    this.#counts.failed++;
    if (this.#failures.length < FAILURES_MAX) this.#failures.push({ name, error });
  }

  /** ` (9 by CRC-32, 1 by reading both)` */
  #howText(): string {
    if (this.#command !== 'verify') return '';
    const names: Readonly<Record<string, string>> = {
      crc32: 'CRC-32',
      md5: 'MD5',
      bytes: 'reading both',
      size: 'being empty',
    };
    const texts = Object.entries(this.#by).map(([by, number]) => `${count(number)} by ${names[by] ?? by}`);
    return texts.length === 0 ? '' : ` (${texts.join(', ')})`;
  }
}

/** Of two single objects the left one's. */
function keyOf({ key, source, target }: Outcome, { single }: TwoPlaces): string {
  return single === undefined ? key : (source?.key ?? target?.key ?? key);
}

function toJson(object: ListedObject | undefined): object | undefined {
  if (object === undefined) return undefined;
  const { size, lastModified, etag } = object;
  return { size, lastModified: lastModified.toISOString(), etag };
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
