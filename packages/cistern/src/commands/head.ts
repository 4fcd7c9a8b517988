/** `cistern head`: the beginning of objects. No more is fetched than is needed. */

import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { literalOption, placeOptions } from '../command/options.ts';
import type { LiteralFlag, ReachFlags } from '../command/options.ts';
import { amountOptions, headings, isSeveral, parseAmount, splitCount } from '../stream/amount.ts';
import type { Amount, AmountFlags } from '../stream/amount.ts';
import { firstBytes, firstLines } from '../stream/first-bytes.ts';
import { eachObject } from '../stream/named-objects.ts';
import type { NamedObject } from '../stream/named-objects.ts';
import { printBytes } from '../stream/print-bytes.ts';

interface HeadFlags extends ReachFlags, LiteralFlag, AmountFlags {}

export function command(cli: Cli): Command {
  const head = new Command('head')
    .description('Print the first lines of objects.')
    .argument('<place...>', 'objects; globs')
    .addHelpText(
      'after',
      `
No more is fetched than is needed. What an object is, without its bytes: cistern stat.

Examples:
  cistern head s3://logs/2026-11-21.txt
  cistern head -n 1 's3://tables/*.csv'           the heads of all tables
  cistern head -c 512 prod:films/film.mp4 | file -`,
    );
  literalOption(placeOptions(amountOptions(head)));
  return head.action((places: string[], flags: HeadFlags) => run(cli, places, flags));
}

async function run(cli: Cli, places: readonly string[], given: HeadFlags): Promise<void> {
  const { texts, flags } = splitCount(places, given);
  const amount = parseAmount(flags);
  const heading = headings(cli, isSeveral(texts, flags));
  await eachObject(cli, texts, flags, (object) =>
    printBytes(cli, beginning(object, amount), () => heading(object)),
  );
}

async function* beginning({ store, key }: NamedObject, amount: Amount): AsyncGenerator<Uint8Array> {
  const count = 'bytes' in amount ? amount.bytes : amount.lines;
  if (count === 0) await store.head(key);
  else yield* 'bytes' in amount ? firstBytes(store, key, count) : firstLines(store, key, count);
}
