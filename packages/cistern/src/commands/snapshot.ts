/** `cistern snapshot`: buckets of a Cistern server as they were, and forks of them. */

import { Command } from 'commander';
import { isStoreError } from '@cistern/store/errors';
import type { Snapshot } from '@cistern/store';
import { bucketName, namedBucket } from '../buckets/in-bucket.ts';
import type { Cli } from '../command/cli.ts';
import { EXIT_NOT_FOUND, EXIT_USAGE } from '../command/exit-codes.ts';
import { jsonOption, placeOptions } from '../command/options.ts';
import type { OutputFlags, ReachFlags } from '../command/options.ts';
import { Failure, usage } from '../failures/failure.ts';
import { report } from '../failures/report.ts';
import { formatTime } from '../terminal/sizes.ts';
import { parseMoment } from '../values/moment.ts';

interface SnapshotFlags extends OutputFlags, ReachFlags {}

interface ForkFlags extends SnapshotFlags {
  readonly snapshot?: string;
  readonly at?: string;
}

export function command(cli: Cli): Command {
  return new Command('snapshot')
    .description('Keep buckets of a Cistern server as they are at a moment, and fork them.')
    .addCommand(createCommand(cli))
    .addCommand(lsCommand(cli))
    .addCommand(rmCommand(cli))
    .addCommand(forkCommand(cli))
    .addHelpText(
      'after',
      `
A snapshot takes a moment and no room of its own, whatever the bucket holds. It is read as a bucket
of the name that create and ls print, and nobody can write to it. Other services have none.

Examples:
  cistern snapshot create s3://photos before-cleanup
  cistern snapshot ls s3://photos
  cistern cp -r s3://photos--before-cleanup--snap/2026/ s3://photos/2026/
  cistern snapshot fork s3://photos s3://photos-test --snapshot before-cleanup
  cistern snapshot rm s3://photos before-cleanup`,
    );
}

function createCommand(cli: Cli): Command {
  const create = new Command('create')
    .description('Make a snapshot, and print the place that it is read as.')
    .argument('<place>', 'a bucket')
    .argument('[name]', 'lower-case letters, digits, dots and hyphens; the time when left out')
    .addHelpText(
      'after',
      `
Examples:
  cistern snapshot create s3://photos
  cistern snapshot create s3://photos before-cleanup`,
    );
  jsonOption(placeOptions(create));
  return create.action(async (text: string, name: string | undefined, flags: SnapshotFlags) => {
    const { place, bucket, service } = await namedBucket(cli, text, flags);
    const { signal } = cli;
    const wanted = name ?? timeName(new Date());
    const made = await explained(service.features(bucket).createSnapshot(wanted, { signal }), {
      taken: `${text} has a snapshot ${wanted} already`,
    });
    const readAs = bucketName(place, made.bucket);
    await (flags.json === true ? cli.out.json(toJson(made, readAs)) : cli.out.line(readAs));
  });
}

function lsCommand(cli: Cli): Command {
  const ls = new Command('ls')
    .description('List the snapshots of a bucket: time, name, and the place that each is read as.')
    .argument('<place>', 'a bucket')
    .addHelpText('after', '\nExample:\n  cistern snapshot ls s3://photos');
  jsonOption(placeOptions(ls));
  return ls.action(async (text: string, flags: SnapshotFlags) => {
    const { place, bucket, service } = await namedBucket(cli, text, flags);
    const snapshots = await service.features(bucket).listSnapshots({ signal: cli.signal });
    const width = Math.max(0, ...snapshots.map(({ name }) => name.length));
    for (const one of snapshots) {
      const readAs = bucketName(place, one.bucket);
      if (flags.json === true) await cli.out.json(toJson(one, readAs));
      else await cli.out.line(`${formatTime(one.createdAt)}  ${one.name.padEnd(width)}  ${readAs}`);
    }
  });
}

function rmCommand(cli: Cli): Command {
  const rm = new Command('rm')
    .description('Delete snapshots. What only they showed is gone then.')
    .argument('<place>', 'a bucket')
    .argument('<name...>', 'its snapshots')
    .addHelpText('after', '\nExample:\n  cistern snapshot rm s3://photos before-cleanup');
  return placeOptions(rm).action(async (text: string, names: string[], flags: ReachFlags) => {
    const { bucket, service } = await namedBucket(cli, text, flags);
    const features = service.features(bucket);
    for (const name of names) {
      try {
        const missing = `${text} has no snapshot ${name}`;
        await explained(features.deleteSnapshot(name, { signal: cli.signal }), { missing });
      } catch (error) {
        await report(cli, error);
      }
    }
  });
}

function forkCommand(cli: Cli): Command {
  const fork = new Command('fork')
    .description('Make a bucket of another one, of a snapshot of it, or of what it was. It shares all bytes.')
    .argument('<place>', 'a bucket')
    .argument('<new>', 'the bucket to make, which must not be there')
    .option('--snapshot <name>', 'what this snapshot shows')
    .option('--at <when>', 'what the bucket had then: an age (2h) or a time; needs versioning')
    .addHelpText(
      'after',
      `
Examples:
  cistern snapshot fork s3://photos s3://photos-test
  cistern snapshot fork s3://photos s3://photos-test --snapshot before-cleanup
  cistern snapshot fork s3://photos s3://photos-noon --at 2026-11-21T12:00:00Z`,
    );
  return placeOptions(fork).action(async (text: string, target: string, flags: ForkFlags) => {
    const { bucket, service } = await namedBucket(cli, text, flags);
    const made = await namedBucket(cli, target, flags);
    if (made.service !== service)
      throw usage('A fork is in the same service', `${target} is in another one.`);
    const at = flags.at === undefined ? undefined : new Date(parseMoment('--at', flags.at, Date.now()));
    if (at !== undefined && flags.snapshot !== undefined)
      throw usage('A snapshot is of one time', 'Leave --at or --snapshot out.');
    const { snapshot } = flags;
    await explained(service.features(bucket).fork(made.bucket, { snapshot, at, signal: cli.signal }), {
      taken: `There is a bucket ${made.name} already`,
      ...(snapshot !== undefined && { missing: `${text} has no snapshot ${snapshot}` }),
    });
  });
}

/** Names that are taken or missing are told as such; of what else the server refuses its own words say what to do. */
async function explained<T>(
  answer: Promise<T>,
  { taken, missing }: { readonly taken?: string; readonly missing?: string },
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const { code, message } = (error.cause ?? {}) as { code?: unknown; message?: string };
    if (taken !== undefined && error.code === 'AlreadyExists') {
      throw new Failure(taken, { advice: 'Choose another name, or remove that one first.', cause: error });
    }
    // A snapshot to be forked is named to the server as a bucket.
    const isMissing = code === 'NoSuchSnapshot' || (code === 'NoSuchBucket' && taken !== undefined);
    if (missing !== undefined && isMissing) {
      const advice = 'cistern snapshot ls names those there are.';
      throw new Failure(missing, { advice, exitCode: EXIT_NOT_FOUND, cause: error });
    }
    if (error.code !== 'InvalidArgument' || message === undefined) throw error;
    throw new Failure(message, { exitCode: EXIT_USAGE, cause: error });
  }
}

function toJson({ name, createdAt }: Snapshot, place: string): object {
  return { type: 'snapshot', name, createdAt: createdAt.toISOString(), place };
}

/** In UTC, so that names sort as times do: `2026-11-21-120000`. */
function timeName(time: Date): string {
  return time.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
}
