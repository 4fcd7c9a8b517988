/** `cistern verify`: whether two places have the same content. */

import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { filterOptions, jsonOption, placeOptions, progressOptions } from '../command/options.ts';
import type { CompareCommandFlags } from '../compare/compare-command.ts';
import { linksOption } from '../sync/sync-flags.ts';
import { concurrencyOption } from '../transfer/transfer-flags.ts';

interface VerifyFlags extends CompareCommandFlags {
  readonly read?: true;
}

export function command(cli: Cli): Command {
  const verify = new Command('verify')
    .description(
      `Compare two places by content.

Checksums that the services keep (CRC-32, MD5) are compared with each other, or with what is read of the
other place; where there is none both are read.`,
    )
    .argument('<first>', 'a folder, a bucket or another store; or one object')
    .argument('<second>', 'what should have the same content')
    .addHelpText(
      'after',
      `
A line for each object that is not the same: < it is in the first place only, > in the second only,
! its content differs. Ends with 0 when all is the same, with 5 when something differs.

Examples:
  cistern verify ./photos s3://backup/photos    reads the files, and no object
  cistern verify s3://photos az://photos        reads what the services have no common checksum of
  cistern verify --read prod:data backup:data   trusts no checksum
  cistern verify photos.zip s3://backup/photos.zip`,
    );
  filterOptions(verify)
    .option('--read', 'read all of both, whatever checksums there are')
    .option('--one-way', 'what only the second has is no difference')
    .addOption(concurrencyOption());
  jsonOption(progressOptions(placeOptions(linksOption(verify))));
  return verify.action(async (first: string, second: string, flags: VerifyFlags) => {
    const { runCompare } = await import('../compare/compare-command.ts');
    await runCompare(cli, [first, second], flags, { command: 'verify', read: flags.read === true });
  });
}
