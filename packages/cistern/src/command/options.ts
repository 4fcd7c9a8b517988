/** Flags that many commands share, each group with the type of what it gives. */

import { Option } from 'commander';
import type { Command } from 'commander';
import type { ReachFlags } from '../places/places.ts';
import type { ProgressFlags } from '../terminal/progress-view.ts';
import type { AttributeFlags } from '../values/attributes.ts';

/** How places are reached. */
export function placeOptions(command: Command): Command {
  return command
    .option(
      '--endpoint <url>',
      'the service, such as http://127.0.0.1:9000 (default: AWS_ENDPOINT_URL, or AWS)',
    )
    .option('--region <name>', 'region that signatures name (default: AWS_REGION, or us-east-1)')
    .option('--profile <name>', "profile of AWS's shared files that has the keys")
    .option('--anonymous', 'sign no request: for public buckets')
    .addOption(
      new Option('--addressing <style>', 'how a bucket is named').choices(['auto', 'path', 'virtual']),
    );
}

export type { AttributeFlags, ProgressFlags, ReachFlags };

export interface OutputFlags {
  readonly json?: true;
}

export function jsonOption(command: Command): Command {
  return command.option('--json', 'print one JSON document a line');
}

/** What is shown of long work: gives `ProgressFlags`. */
export function progressOptions(command: Command): Command {
  return command
    .option('-q, --quiet', 'say nothing but errors')
    .option('--no-progress', 'show no progress')
    .option('--no-color', 'no colours (so does NO_COLOR)');
}

/** What the object carries: gives `AttributeFlags`. */
export function attributeOptions(command: Command): Command {
  return command
    .option('--content-type <type>', 'media type, such as text/plain')
    .option('--cache-control <text>', 'how long others may keep it')
    .option('--content-disposition <text>', 'such as attachment')
    .option('--content-encoding <name>', 'such as gzip')
    .option('--content-language <tag>', 'such as en')
    .addOption(
      new Option('--metadata <name=value>', 'of your own; can be given again').argParser(
        (text, before: readonly string[] | undefined) => [...(before ?? []), text],
      ),
    );
}
