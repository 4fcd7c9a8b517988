/** `cistern cp`: from any place to any other. */

import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { usage } from '../failures/failure.ts';
import type { CopySettings } from '../transfer/copier.ts';
import { splitPlaces, transferOptions } from '../transfer/transfer-flags.ts';
import type { NamedPlaces, TransferFlags } from '../transfer/transfer-flags.ts';

export function command(cli: Cli): Command {
  const cp = new Command('cp')
    .description(
      `Copy objects and files between any two places.

What is there and the same is skipped; what is there and differs is replaced with --overwrite only.
Stopped in the middle, the same command goes on where it was.`,
    )
    .usage('[options] <source...> <destination>')
    .argument(
      '<place...>',
      'what to copy, and then where to: with a slash at its end, a folder; - is a standard stream',
    )
    .addHelpText(
      'after',
      `
-r copies what is in a folder to the destination. Of several sources each keeps its own name below
the destination, which must be a folder then.

Examples:
  cistern cp film.mp4 s3://films/                    as s3://films/film.mp4
  cistern cp -r photos s3://backup/photos            what is in the folder
  cistern cp -r s3://backup/photos zip:photos.zip    a bucket's folder to a zip archive
  cistern cp 's3://logs/2026-*/*.gz' ./logs/         what matches, each below its day
  cistern cp -r prod:data az://copy --exclude '*.tmp' --limit-rate 10MiB
  pg_dump shop | cistern cp - s3://backup/shop.sql   from a pipe`,
    );
  transferOptions(cp, { past: 'copied' }).option('--version <id>', 'this version of the source');
  return cp.action((places: string[], flags: TransferFlags) => run(cli, splitPlaces(places), flags));
}

async function run(cli: Cli, { sources, destination }: NamedPlaces, flags: TransferFlags): Promise<void> {
  if (destination === '-' || sources.includes('-')) {
    const { copyFromInput, copyToOutput } = await import('../transfer/standard-streams.ts');
    if (destination === '-') return copyToOutput(cli, sources, flags);
    if (sources.length > 1) throw usage('Standard input cannot be one of several sources');
    return copyFromInput(cli, destination, flags);
  }
  const { runTransferCommand } = await import('../transfer/transfer-command.ts');
  const { copyJob, isSameContent, looksSame } = await import('../transfer/copier.ts');
  const verb = { name: 'copy', past: 'copied' } as const;
  // What is named one by one, or is to replace what differs, is not left out because of a time.
  let isSame: CopySettings['isSame'] = isSameContent;
  // Versions have etags alone.
  if (flags.version !== undefined) isSame = looksSame;
  else if (flags.recursive === true && flags.overwrite !== true) {
    // Nor is anything said to differ because of one: what was uploaded is older than its object.
    isSame = (job, target, signal) => looksSame(job, target) || isSameContent(job, target, signal);
  }
  await runTransferCommand(cli, { verb, isSame, act: copyJob }, { sources, destination }, flags);
}
