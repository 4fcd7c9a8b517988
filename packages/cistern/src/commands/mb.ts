/** `cistern mb`: makes buckets. */

import { Command } from 'commander';
import { isStoreError } from '@cistern/store/errors';
import { namedBucket } from '../buckets/in-bucket.ts';
import type { Cli } from '../command/cli.ts';
import { placeOptions } from '../command/options.ts';
import type { ReachFlags } from '../command/options.ts';
import { Failure } from '../failures/failure.ts';
import { report } from '../failures/report.ts';

interface MbFlags extends ReachFlags {
  readonly ifMissing?: true;
  readonly versioning?: true;
}

export function command(cli: Cli): Command {
  const mb = new Command('mb')
    .description('Make buckets (Azure: containers).')
    .argument('<place...>', 'buckets to make')
    .option('--if-missing', 'take one that is there as it is')
    .option('--versioning', 'keep versions in it from the beginning')
    .addHelpText(
      'after',
      `
Examples:
  cistern mb s3://photos
  cistern mb s3://photos --versioning
  cistern mb --if-missing prod:logs prod:backup
  cistern mb az://archive`,
    );
  return placeOptions(mb).action((texts: string[], flags: MbFlags) => run(cli, texts, flags));
}

async function run(cli: Cli, texts: readonly string[], flags: MbFlags): Promise<void> {
  for (const text of texts) {
    try {
      await make(cli, text, flags);
    } catch (error) {
      await report(cli, error);
    }
  }
}

async function make(cli: Cli, text: string, flags: MbFlags): Promise<void> {
  const { signal } = cli;
  const { bucket, service, name } = await namedBucket(cli, text, flags);
  // Looked at first: S3 takes the making of one's own bucket for done.
  if (await isThere(service.bucketExists(bucket, { signal }))) {
    if (flags.ifMissing !== true) throw taken(name);
  } else {
    try {
      await service.createBucket(bucket, { signal });
    } catch (error) {
      if (!isStoreError(error, 'AlreadyExists')) throw error;
      // Made in between; or of somebody else, and then nothing of it can be used.
      const isOurs = await service.bucketExists(bucket, { signal }).catch(() => false);
      if (!isOurs || flags.ifMissing !== true) throw taken(name, error);
    }
  }
  if (flags.versioning === true) await service.features(bucket).setVersioning('enabled', { signal });
}

/** Whoever may make a bucket need not be allowed to look for it. */
async function isThere(answer: Promise<boolean>): Promise<boolean> {
  try {
    return await answer;
  } catch (error) {
    if (isStoreError(error, 'PermissionDenied')) return false;
    throw error;
  }
}

function taken(name: string, cause?: unknown): Failure {
  return new Failure(`There is a bucket ${name} already`, {
    advice: '--if-missing takes it as it is, if it is yours; else choose another name.',
    cause,
  });
}
