/** `cistern undelete`: brings back what was deleted or overwritten, where a bucket keeps versions. */

import { Command } from 'commander';
import { inBucket } from '../buckets/in-bucket.ts';
import type { Cli } from '../command/cli.ts';
import { filterOptions, jsonOption, literalOption, placeOptions } from '../command/options.ts';
import { usage } from '../failures/failure.ts';
import { report } from '../failures/report.ts';
import type { UndeleteFlags } from '../undelete/undelete.ts';

export function command(cli: Cli): Command {
  const undelete = new Command('undelete')
    .description('Bring back deleted objects, where a bucket keeps versions.')
    .argument('<place...>', 'objects, patterns of them, or with -r folders')
    .option('-r, --recursive', 'all that was deleted below the places')
    .option('-n, --dry-run', 'print what would come back, and change nothing')
    .option('--version <id>', 'make this version of an object the current one, by a copy')
    .option('-q, --quiet', 'say nothing but errors')
    .addHelpText(
      'after',
      `
What came back is printed. Delete markers are removed, and with them the time of the deletion; with
--version nothing is removed: the copy is the newest version then.

Examples:
  cistern undelete s3://photos/2026/a.jpg
  cistern undelete -rn s3://photos/2026/ --newer-than 1h    deleted in the last hour
  cistern undelete -r s3://photos/2026/ --newer-than 1h
  cistern undelete s3://photos/2026/a.jpg --version ID`,
    );
  jsonOption(placeOptions(literalOption(filterOptions(undelete))));
  return undelete.action((texts: string[], flags: UndeleteFlags) => run(cli, texts, flags));
}

async function run(cli: Cli, texts: readonly string[], flags: UndeleteFlags): Promise<void> {
  const { version, recursive } = flags;
  if (version !== undefined && (recursive === true || texts.length > 1))
    throw usage('--version names one version of one object');
  const { restoreVersion, Undeletion } = await import('../undelete/undelete.ts');
  const undeletion = new Undeletion(cli, flags);
  for (const text of texts) {
    try {
      const place = await inBucket(cli, text, flags, 'versions');
      const { isFolder, pattern } = place.selection;
      if (isFolder && pattern === undefined && recursive !== true)
        throw usage(`${text} is a folder`, '-r brings back all that was deleted below it');
      if (version === undefined) await undeletion.run(place);
      else await restoreVersion(cli, place, version, flags);
    } catch (error) {
      await report(cli, error);
    }
    if (cli.signal.aborted) break;
  }
  if (version === undefined) await undeletion.end();
}
