/** `cistern rb`: removes buckets. */

import { Command } from 'commander';
import { isStoreError } from '@cistern/store/errors';
import { namedBucket } from '../buckets/in-bucket.ts';
import type { NamedBucket } from '../buckets/in-bucket.ts';
import type { Cli } from '../command/cli.ts';
import { placeOptions } from '../command/options.ts';
import type { ReachFlags } from '../command/options.ts';
import { Failure } from '../failures/failure.ts';
import { report } from '../failures/report.ts';

interface RbFlags extends ReachFlags {
  readonly force?: true;
  readonly yes?: true;
  readonly quiet?: true;
}

export function command(cli: Cli): Command {
  const rb = new Command('rb')
    .description(
      'Remove buckets (Azure: containers). One with anything in it stays, unless --force is given.',
    )
    .argument('<place...>', 'buckets to remove')
    .option('--force', 'delete all that is in it first: objects, versions, snapshots, unfinished uploads')
    .option('-y, --yes', 'with --force: do not ask')
    .option('-q, --quiet', 'say nothing but errors')
    .addHelpText(
      'after',
      `
Examples:
  cistern rb s3://photos                an empty one
  cistern rb --force s3://scratch       and all that is in it: asks first
  cistern rb --force --yes prod:ci-1234 in a script`,
    );
  return placeOptions(rb).action((texts: string[], flags: RbFlags) => run(cli, texts, flags));
}

async function run(cli: Cli, texts: readonly string[], flags: RbFlags): Promise<void> {
  for (const text of texts) {
    try {
      await remove(cli, await namedBucket(cli, text, flags), flags);
    } catch (error) {
      await report(cli, error);
    }
    if (cli.signal.aborted) return;
  }
}

async function remove(cli: Cli, named: NamedBucket, flags: RbFlags): Promise<void> {
  const { service, bucket, name } = named;
  const { signal } = cli;
  try {
    await service.deleteBucket(bucket, { signal });
    return;
  } catch (error) {
    if (!isStoreError(error, 'Conflict')) throw error;
    const { contentsOf } = await import('../buckets/contents.ts');
    const contents = await contentsOf(named, signal);
    if (flags.force !== true) {
      throw new Failure(`${name} is not empty: it has ${contents.toString()}`, {
        advice: `cistern ls -r ${name} shows what. --force deletes all of it, and the bucket.`,
        cause: error,
      });
    }
    const { confirm } = await import('../terminal/confirm.ts');
    const question = `Delete ${name} and all that is in it (${contents.toString()})?`;
    await confirm(cli, { question, yes: flags.yes === true });
  }
  const { emptyBucket } = await import('../buckets/empty-bucket.ts');
  await emptyBucket(cli, named, flags);
  await service.deleteBucket(bucket, { signal });
}
