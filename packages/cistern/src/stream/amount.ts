/** How much of an object `head` and `tail` print, and what goes before it. */

import type { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { usage } from '../failures/failure.ts';
import { printable } from '../terminal/printable.ts';
import { parseSize } from '../values/bytes.ts';
import type { NamedObject } from './named-objects.ts';

export interface AmountFlags {
  readonly lines?: string;
  readonly bytes?: string;
  readonly quiet?: true;
}

/** Whole lines, or bytes. */
export type Amount = { readonly lines: number } | { readonly bytes: number };

const LINES = 10;

export function amountOptions(command: Command): Command {
  return command
    .option('-n, --lines <count>', `so many lines (default: ${LINES})`)
    .option('-c, --bytes <size>', 'so many bytes, such as 512 or 4KiB')
    .option('-q, --quiet', 'no names before several objects');
}

/** @throws {Failure} a usage error @throws {OptionError} */
export function parseAmount({ lines, bytes }: AmountFlags): Amount {
  if (bytes !== undefined) {
    if (lines !== undefined) throw usage('--lines and --bytes exclude each other');
    return { bytes: parseSize('--bytes', bytes) };
  }
  if (lines === undefined) return { lines: LINES };
  if (!/^\d{1,15}$/.test(lines)) throw usage(`--lines ${lines} is no number of lines`);
  return { lines: Number(lines) };
}

/** `-5 PLACE`, as other tools have it, is `-n 5 PLACE`. */
export function splitCount<Flags extends AmountFlags>(
  texts: readonly string[],
  flags: Flags,
): { readonly texts: readonly string[]; readonly flags: Flags } {
  const [first = '', ...rest] = texts;
  const isCount = /^-\d+$/.test(first) && rest.length > 0 && flags.lines === undefined;
  return isCount ? { texts: rest, flags: { ...flags, lines: first.slice(1) } } : { texts, flags };
}

/** Prints the name of each object before it, where they are several. */
export function headings(cli: Cli, isWanted: boolean): (object: NamedObject) => Promise<void> | void {
  let isFirst = true;
  return ({ name }) => {
    if (!isWanted) return;
    const gap = isFirst ? '' : '\n';
    isFirst = false;
    return cli.out.line(`${gap}==> ${printable(name)} <==`);
  };
}

/** Several may be meant. */
export function isSeveral(texts: readonly string[], { quiet }: AmountFlags): boolean {
  return quiet !== true && (texts.length > 1 || /[*?[{]/.test(texts[0] ?? ''));
}
