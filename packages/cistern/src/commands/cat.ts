/** `cistern cat`: objects to standard output, whole, in part, or while they are uploaded. */

import { isStoreError } from '@cistern/store/errors';
import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { literalOption, placeOptions } from '../command/options.ts';
import type { LiteralFlag, ReachFlags } from '../command/options.ts';
import { Failure, usage } from '../failures/failure.ts';
import { parseByteRange } from '../stream/byte-range.ts';
import { liveOrWhole } from '../stream/live-or-whole.ts';
import { eachObject } from '../stream/named-objects.ts';
import type { NamedObject } from '../stream/named-objects.ts';
import { printBytes } from '../stream/print-bytes.ts';
import { parseDuration } from '../values/duration.ts';

interface CatFlags extends ReachFlags, LiteralFlag {
  readonly range?: string;
  readonly version?: string;
  readonly follow?: true;
  readonly wait: string;
}

export function command(cli: Cli): Command {
  const cat = new Command('cat')
    .description('Print objects to standard output.')
    .argument('<place...>', 'objects, one after the other; globs; - for standard input')
    .option('--range <bytes>', 'a part: 0-99, 100- (from there on), -100 (the last)')
    .option('--version <id>', 'a version that the bucket keeps')
    .option('--follow', 'an upload in progress, as its bytes come, to its end')
    .option('--wait <time>', 'with --follow: how long to wait for an upload or an object', '30s')
    .addHelpText(
      'after',
      `
With --follow an object that is there, and not being uploaded, is printed whole.

Examples:
  cistern cat s3://logs/2026-11-21.gz | gunzip
  cistern cat 's3://logs/2026-11-*.txt' > november.txt
  cistern cat --range 0-1023 prod:films/film.mp4 | file -
  cistern cat --follow s3://builds/log.txt         while "cistern put --live" writes it`,
    );
  literalOption(placeOptions(cat));
  return cat.action((places: string[], flags: CatFlags) => run(cli, places, flags));
}

async function run(cli: Cli, texts: readonly string[], flags: CatFlags): Promise<void> {
  if (flags.follow === true && (texts.length > 1 || flags.version !== undefined)) {
    throw usage('--follow is for one object, and not for a version of it');
  }
  const print = printer(cli, flags);
  for (const text of texts) {
    if (text === '-') await printBytes(cli, cli.stdin);
    else await eachObject(cli, [text], flags, print);
    if (cli.out.isClosed) return;
  }
}

function printer(cli: Cli, flags: CatFlags): (object: NamedObject) => Promise<void> {
  const { version, follow } = flags;
  const range = flags.range === undefined ? undefined : parseByteRange(flags.range);
  if (follow !== true) {
    return async ({ store, key, name }) => {
      try {
        await printBytes(cli, store.get(key, { range, version }));
      } catch (error) {
        if (isStoreError(error, 'InvalidRange')) throw noBytes(name, error);
        throw error;
      }
    };
  }
  const start = range === undefined ? 0 : 'start' in range && range.end === undefined ? range.start : -1;
  if (start === -1) throw usage('--follow goes on to the end: --range can only say where it begins, as 100-');
  const waitMs = parseDuration('--wait', flags.wait);
  return async ({ store, key, name }) => {
    const reader = await liveOrWhole(store, key, name, waitMs);
    if (reader === undefined) {
      await printBytes(cli, store.get(key, { range }));
      return;
    }
    await using upload = reader;
    await printBytes(cli, upload.follow({ start }));
  };
}

function noBytes(name: string, cause: Error): Failure {
  return new Failure(`${name} ends before that range`, {
    advice: 'cistern stat says how large it is.',
    cause,
  });
}
