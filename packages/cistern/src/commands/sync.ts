/** `cistern sync`: makes one place like another. */

import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { syncOptions } from '../sync/sync-flags.ts';
import type { SyncFlags } from '../sync/sync-flags.ts';

export function command(cli: Cli): Command {
  const sync = new Command('sync')
    .description(
      `Make one place like another: what is missing or different is copied, what is the same is left alone.

Nothing is deleted without --delete. Stopped in the middle, the same command goes on where it was.`,
    )
    .argument('<from>', 'a folder, a bucket or another store; or one object')
    .argument('<to>', 'what is to be like it; a folder of this machine is made if it is not there')
    .addHelpText(
      'after',
      `
What is in FROM comes directly below TO. Filters leave alone what they leave out, on both sides.

Examples:
  cistern sync ./site s3://www --delete              a bucket that has what the folder has
  cistern sync s3://photos/2026 ./photos/2026        only what is new or has changed
  cistern sync -n prod:data az://backup/data         what would be done
  cistern sync s3://photos zip:photos.zip            an archive, brought up to date
  cistern sync ./data s3://data --checksum --exclude '*.tmp'`,
    );
  return syncOptions(sync).action(async (from: string, to: string, flags: SyncFlags) => {
    const { runSync } = await import('../sync/sync-command.ts');
    await runSync(cli, from, to, flags);
  });
}
