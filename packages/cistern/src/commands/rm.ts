/** `cistern rm`: deletes objects and versions. */

import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { filterOptions, jsonOption, literalOption, placeOptions } from '../command/options.ts';
import { usage } from '../failures/failure.ts';
import type { RmFlags } from '../remove/rm-flags.ts';

export function command(cli: Cli): Command {
  const rm = new Command('rm')
    .description('Delete objects.')
    .argument('<place...>', 'objects, patterns of them, or with -r folders')
    .option('-r, --recursive', 'all that is below the places')
    .option('-n, --dry-run', 'print what would be deleted, and delete nothing')
    .option('-f, --force', 'what is not there is no failure')
    .option('-y, --yes', 'do not ask, where all of a bucket or another store is meant')
    .option('--version <id>', 'delete this version of an object for good')
    .option('--all-versions', 'delete all versions and delete markers for good')
    .option('-q, --quiet', 'say nothing but errors')
    .addHelpText(
      'after',
      `
Where a bucket keeps versions, what is deleted can be brought back (cistern undelete). What goes
with --version or --all-versions is gone.

Examples:
  cistern rm s3://photos/2026/a.jpg
  cistern rm 's3://logs/2025-*.gz'                   a pattern, quoted from the shell
  cistern rm -r s3://photos/2025/                    all below a folder
  cistern rm -rn s3://logs --older-than 90d          what would go
  cistern rm -r --yes s3://scratch                   all of a bucket, which itself stays
  cistern rm --all-versions s3://photos/2026/a.jpg   for good`,
    );
  jsonOption(placeOptions(literalOption(filterOptions(rm))));
  return rm.action((texts: string[], flags: RmFlags) => run(cli, texts, flags));
}

async function run(cli: Cli, texts: readonly string[], flags: RmFlags): Promise<void> {
  if (flags.version !== undefined && (flags.allVersions === true || flags.recursive === true)) {
    throw usage('--version names one version of one object', 'Leave --all-versions and -r out');
  }
  const { Removal } = await import('../remove/removal.ts');
  const ofVersions = flags.version !== undefined || flags.allVersions === true;
  const removal = new Removal(cli, flags, ofVersions ? 'version' : 'object');
  let hasEnded = false;
  try {
    if (ofVersions) {
      const { removeVersions } = await import('../remove/remove-versions.ts');
      await removeVersions(cli, texts, flags, removal);
    } else {
      const { removeObjects } = await import('../remove/remove-objects.ts');
      await removeObjects(cli, texts, flags, removal);
    }
    hasEnded = true;
  } finally {
    // What was refused before anything was done has nothing to count.
    if (hasEnded || removal.deleted + removal.failed > 0) await removal.end();
  }
}
