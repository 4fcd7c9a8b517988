/** `cistern mv`: as `cp`, and the sources are gone afterwards. */

import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { usage } from '../failures/failure.ts';
import { splitPlaces, transferOptions } from '../transfer/transfer-flags.ts';
import type { TransferCommand } from '../transfer/transfer-command.ts';
import type { NamedPlaces, TransferFlags } from '../transfer/transfer-flags.ts';

export function command(cli: Cli): Command {
  const mv = new Command('mv')
    .description(
      `Move objects and files between any two places.

Each is copied, the copy is made sure of, and then the source is deleted: one that could not be
copied stays. What is at the destination and differs is replaced with --overwrite only. Stopped in
the middle, the same command goes on.`,
    )
    .usage('[options] <source...> <destination>')
    .argument('<place...>', 'what to move, and then where to: with a slash at its end, a folder')
    .addHelpText(
      'after',
      `
-r moves what is in a folder to the destination. Of several sources each keeps its own name below
the destination, which must be a folder then.

Examples:
  cistern mv s3://films/a.mp4 s3://films/b.mp4          a new name, without the bytes passing here
  cistern mv -r s3://logs/2025 s3://archive/logs/2025   what is in the folder
  cistern mv 'prod:inbox/*.csv' ./inbox/                what matches
  cistern mv -r ./done az://archive --older-than 30d`,
    );
  transferOptions(mv, { past: 'moved' });
  return mv.action((places: string[], flags: TransferFlags) => run(cli, splitPlaces(places), flags));
}

async function run(cli: Cli, { sources, destination }: NamedPlaces, flags: TransferFlags): Promise<void> {
  if (destination === '-' || sources.includes('-')) {
    throw usage('Standard streams cannot be moved', 'cistern cp copies them');
  }
  const { runTransferCommand } = await import('../transfer/transfer-command.ts');
  const { holdsSame, moveJob } = await import('../transfer/mover.ts');
  const { linkFile } = await import('../transfer/rename-file.ts');
  const verb = { name: 'move', past: 'moved' } as const;
  // A copy can be synced before it gets its name, a name cannot.
  const shortcut: TransferCommand['shortcut'] =
    flags.durable === true ? undefined : (job, signal) => linkFile(job, flags.overwrite === true, signal);
  const moving = { verb, isSame: holdsSame, shortcut, act: moveJob };
  await runTransferCommand(cli, moving, { sources, destination }, flags);
}
