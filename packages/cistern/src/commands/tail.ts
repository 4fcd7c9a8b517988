/** `cistern tail`: the end of objects, and what comes after it: of an upload in progress, or of an object that grows. */

import { Command } from 'commander';
import type { UploadReader } from '@cistern/store';
import type { Cli } from '../command/cli.ts';
import { literalOption, placeOptions } from '../command/options.ts';
import type { LiteralFlag, ReachFlags } from '../command/options.ts';
import { usage } from '../failures/failure.ts';
import { amountOptions, headings, isSeveral, parseAmount, splitCount } from '../stream/amount.ts';
import type { Amount, AmountFlags } from '../stream/amount.ts';
import { openTail, startOf } from '../stream/last-bytes.ts';
import { liveOrWhole } from '../stream/live-or-whole.ts';
import { eachObject } from '../stream/named-objects.ts';
import type { NamedObject } from '../stream/named-objects.ts';
import { printBytes } from '../stream/print-bytes.ts';
import { parseDuration } from '../values/duration.ts';

interface TailFlags extends ReachFlags, LiteralFlag, AmountFlags {
  readonly follow?: true;
  readonly wait: string;
  readonly every: string;
}

export function command(cli: Cli): Command {
  const tail = new Command('tail')
    .description('Print the last lines of objects, and follow one that grows.')
    .argument('<place...>', 'objects; globs')
    .option('-f, --follow', 'go on with what comes: to the end of an upload in progress, else until Ctrl-C')
    .option('--wait <time>', 'with -f: how long to wait for an upload or an object', '30s')
    .option('--every <time>', 'with -f: how often an object is looked at', '1s')
    .addHelpText(
      'after',
      `
An object that is appended to is followed; one that is replaced is printed anew, and a line on
standard error says so.

Examples:
  cistern tail s3://logs/2026-11-21.txt
  cistern tail -n 1 's3://logs/*.txt'             the last line of each
  cistern tail -c 1KiB prod:backups/shop.sql
  cistern tail -f s3://builds/log.txt             what "cistern put --live" writes`,
    );
  literalOption(placeOptions(amountOptions(tail)));
  return tail.action((places: string[], flags: TailFlags) => run(cli, places, flags));
}

async function run(cli: Cli, places: readonly string[], given: TailFlags): Promise<void> {
  const { texts, flags } = splitCount(places, given);
  const amount = parseAmount(flags);
  const waitMs = parseDuration('--wait', flags.wait);
  const everyMs = parseDuration('--every', flags.every);
  if (flags.follow === true) {
    if (texts.length > 1) throw usage('-f follows one object', 'Start one for each of them.');
    const literal = { ...flags, literal: true } as const;
    await eachObject(cli, texts, literal, (object) => follow(cli, object, amount, waitMs, everyMs));
    return;
  }
  const heading = headings(cli, isSeveral(texts, flags));
  await eachObject(cli, texts, flags, async (object) => {
    const { chunks } = await openTail(object.store, object.key, amount);
    await heading(object);
    await printBytes(cli, chunks);
  });
}

async function follow(
  cli: Cli,
  { store, key, name }: NamedObject,
  amount: Amount,
  waitMs: number,
  everyMs: number,
): Promise<void> {
  const reader = await liveOrWhole(store, key, name, waitMs);
  if (reader !== undefined) {
    await followUpload(cli, reader, amount);
    return;
  }
  const { info, chunks, end } = await openTail(store, key, amount);
  await printBytes(cli, chunks);
  const { grownObject } = await import('../stream/grown-object.ts');
  const seen = { etag: info.etag, size: info.size, end };
  for await (const grown of grownObject(store, key, seen, everyMs)) {
    if (grown.what === 'bytes') await cli.out.bytes(grown.chunk);
    else if (grown.what === 'gone') cli.warn(`${name} is gone: waiting for another one`);
    else cli.warn(`${name} was replaced: this is the new one`);
    if (cli.out.isClosed) return;
  }
}

async function followUpload(cli: Cli, reader: UploadReader, amount: Amount): Promise<void> {
  await using upload = reader;
  const start = await startOf(upload.committed, amount, async (from, to) =>
    Buffer.concat(await Array.fromAsync(upload.read({ start: from, end: to }))),
  );
  await printBytes(cli, upload.follow({ start }));
}
