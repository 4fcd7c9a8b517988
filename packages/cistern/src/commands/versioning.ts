/** `cistern versioning`: whether a bucket keeps versions. */

import { Command } from 'commander';
import { namedBucket } from '../buckets/in-bucket.ts';
import type { Cli } from '../command/cli.ts';
import { jsonOption, placeOptions } from '../command/options.ts';
import type { OutputFlags, ReachFlags } from '../command/options.ts';
import { usage } from '../failures/failure.ts';

interface VersioningFlags extends OutputFlags, ReachFlags {}

/** As people say it, and as the library does. */
const STATES = { on: 'enabled', suspended: 'suspended' } as const;
const WORDS = { enabled: 'on', suspended: 'suspended', off: 'off' } as const;

export function command(cli: Cli): Command {
  const versioning = new Command('versioning')
    .description('Say whether a bucket keeps versions, or turn that on or suspend it.')
    .argument('<place>', 'a bucket')
    .argument('[state]', 'on or suspended; what it is when left out')
    .addHelpText(
      'after',
      `
Once it was on it can be suspended, and not turned off: the versions that are there stay, and what
is written then replaces no more than what was written without versions.

Examples:
  cistern versioning s3://photos
  cistern versioning s3://photos on
  cistern versioning s3://photos suspended`,
    );
  jsonOption(placeOptions(versioning));
  return versioning.action((text: string, state: string | undefined, flags: VersioningFlags) =>
    run(cli, text, state, flags),
  );
}

async function run(cli: Cli, text: string, state: string | undefined, flags: VersioningFlags): Promise<void> {
  const { signal } = cli;
  const { bucket, service, name } = await namedBucket(cli, text, flags);
  const features = service.features(bucket);
  if (state !== undefined) {
    if (state === 'off') {
      throw usage('Versioning cannot be turned off again', 'suspended keeps no new versions.');
    }
    if (state !== 'on' && state !== 'suspended')
      throw usage(`${state} is no state`, 'Write on or suspended.');
    await features.setVersioning(STATES[state], { signal });
  }
  if (state !== undefined && flags.json !== true) return;
  const now = WORDS[await features.versioning({ signal })];
  if (flags.json === true) await cli.out.json({ type: 'versioning', name, versioning: now });
  else await cli.out.line(now);
}
