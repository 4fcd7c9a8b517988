/** `cistern diff`: what two places do not have in common, by their listings. */

import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { filterOptions, jsonOption, placeOptions, progressOptions } from '../command/options.ts';
import type { CompareCommandFlags } from '../compare/compare-command.ts';
import { compareOptions, linksOption, toCompare } from '../sync/sync-flags.ts';
import type { CompareFlags } from '../sync/sync-flags.ts';
import { concurrencyOption } from '../transfer/transfer-flags.ts';

export function command(cli: Cli): Command {
  const diff = new Command('diff')
    .description('Tell what two places do not have in common, as their listings say: what a sync would do.')
    .argument('<first>', 'a folder, a bucket or another store; or one object')
    .argument('<second>', 'what to compare it with')
    .addHelpText(
      'after',
      `
A line for each object: < it is in the first place only, > in the second only, ! they differ.
Ends with 0 when there is no difference, with 5 when there are some.

Examples:
  cistern diff ./site s3://www                 what is new, gone and changed
  cistern diff s3://photos az://photos --size-only
  cistern diff prod:data backup:data --one-way --exclude '*.tmp'
  cistern diff a.txt s3://docs/a.txt --checksum`,
    );
  filterOptions(compareOptions(diff))
    .option('--one-way', 'what only the second has is no difference')
    .addOption(concurrencyOption());
  jsonOption(progressOptions(placeOptions(linksOption(diff))));
  return diff.action(async (first: string, second: string, flags: CompareCommandFlags & CompareFlags) => {
    const compare = toCompare(flags);
    const { runCompare } = await import('../compare/compare-command.ts');
    await runCompare(cli, [first, second], flags, { command: 'diff', compare });
  });
}
