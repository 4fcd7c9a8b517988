/** `cistern put`: a pipe or a file into one object, also so that others can follow it. */

import { basename } from 'node:path';
import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { attributeOptions, jsonOption, placeOptions, progressOptions } from '../command/options.ts';
import type { AttributeFlags, OutputFlags, ProgressFlags, ReachFlags } from '../command/options.ts';
import { usage } from '../failures/failure.ts';
import { openInput } from '../stream/input.ts';
import { Putting } from '../stream/putting.ts';
import { toAttributes } from '../values/attributes.ts';
import { parseSize } from '../values/bytes.ts';
import { parseDuration } from '../values/duration.ts';

interface PutFlags extends ReachFlags, AttributeFlags, OutputFlags, ProgressFlags {
  readonly live?: true;
  readonly flushEvery: string;
  readonly resume?: string;
  readonly partSize?: string;
  readonly overwrite?: true;
}

export function command(cli: Cli): Command {
  const put = new Command('put')
    .description('Store what comes from a pipe, or a file, as one object.')
    .usage('[options] [file] <place>')
    .argument('<file>', 'a file of this machine; standard input when left out, or -')
    .argument('[place]', 'the object')
    .option('-f, --overwrite', 'replace what is there')
    .option('--live', 'others can read it while it is written: cistern cat --follow')
    .option('--flush-every <time>', 'with --live: how soon they see it; less often after some hours', '1s')
    .option('--resume <id>', 'go on with a live upload: standard input is what follows its committed bytes')
    .option('--part-size <size>', 'of files, and with --live, such as 64MiB')
    .addHelpText(
      'after',
      `
Of a pipe nothing is stored before its end, unless --live is given. Ctrl-C leaves a live upload as
it is, and says how to go on.

Examples:
  pg_dump shop | cistern put s3://backups/shop.sql
  tar cz photos | cistern put --content-type application/gzip - prod:backups/photos.tgz
  make 2>&1 | cistern put --live s3://builds/log.txt
  cistern put --metadata camera=X100 photo.jpg s3://photos/2026/`,
    );
  jsonOption(progressOptions(attributeOptions(placeOptions(put))));
  return put.action((first: string, second: string | undefined, flags: PutFlags) =>
    second === undefined ? run(cli, '-', first, flags) : run(cli, first, second, flags),
  );
}

async function run(cli: Cli, from: string, to: string, flags: PutFlags): Promise<void> {
  const isLive = flags.live === true || flags.resume !== undefined;
  const attributes = toAttributes(flags);
  if (flags.resume !== undefined && (from !== '-' || attributes !== undefined)) {
    throw usage(
      '--resume goes on from standard input, with what the object was to carry at its beginning',
      `From a file: cistern uploads resume ${to} ${from} --id ${flags.resume}`,
    );
  }
  const partSize = flags.partSize === undefined ? undefined : parseSize('--part-size', flags.partSize);
  // Timers count to some 24 days.
  const flushMs = Math.min(2 ** 31 - 1, parseDuration('--flush-every', flags.flushEvery));
  const opened = await (await cli.places()).open(to, flags);
  const input = await openInput(cli, from);
  if (partSize !== undefined && input.kind === 'stream' && !isLive) {
    throw usage('--part-size is for files and for --live', 'Parts of a pipe grow with it.');
  }
  const key = keyFor(opened.key, opened.isFolder, from, to);
  // As cp does: what a file is, most readers tell by its name.
  const { guessContentType } = await import('../transfer/content-type.ts');
  const keepsType = opened.store.capabilities.attributes && flags.resume === undefined;
  const guessed = keepsType ? guessContentType(key) : undefined;
  const putting = new Putting(cli, flags, {
    store: opened.store,
    key,
    name: opened.name(key),
    attributes: guessed === undefined ? attributes : { contentType: guessed, ...attributes },
    partSize,
    overwrite: flags.overwrite === true,
  });
  const { info } = await putting.run(input, isLive ? { flushMs, resume: flags.resume } : undefined);
  if (flags.json !== true) return;
  const { size, etag, lastModified, version } = info;
  await cli.out.json({ type: 'object', key, size, lastModified: lastModified.toISOString(), etag, version });
}

function keyFor(key: string, isFolder: boolean, from: string, to: string): string {
  if (!isFolder) return key;
  if (from === '-') throw usage(`${to} is a folder`, 'What comes from a pipe needs a name: name the object.');
  return key + basename(from);
}
