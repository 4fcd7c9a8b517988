/** `cistern fsck` as a command: its flags, and what help says of them. What it does is in fsck.ts. */

import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Cli } from '../command/cli.ts';
import { dataDirectory, serverBlobs, serverRegion, storageClass } from '../command/server-options.ts';
import type { FsckFlags } from './fsck.ts';

export function command(cli: Cli): Command {
  const fsck = new Command('fsck').description('Check a data directory, and change nothing.');
  for (const option of FSCK_OPTIONS) fsck.addOption(option());
  return fsck
    .addHelpText('after', () => readFileSync(new URL('./fsck-help.txt', import.meta.url), 'utf8'))
    .action(async (flags: FsckFlags) => {
      const { fsck: run } = await import('./fsck.ts');
      cli.exitCode = await run(flags, cli.env);
    });
}

const FSCK_OPTIONS: readonly (() => Option)[] = [
  () => dataDirectory('data directory'),
  () => new Option('--endpoint <url>', 'ask the server at this address to check itself, beside its load'),
  serverRegion,
  serverBlobs,
  storageClass,
  () => new Option('--quick', 'look at sizes, and leave out the bytes of objects'),
  () => new Option('--json', 'print one JSON document, and no problem as it is found'),
];
