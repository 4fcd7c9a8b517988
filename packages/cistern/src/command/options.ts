/** Flags that many commands share, each group with the type of what it gives. */

import { Option } from 'commander';
import type { Command } from 'commander';
import type { ReachFlags } from '../places/places.ts';
import type { FilterFlags, NameRule } from '../select/filters.ts';
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

export type { FilterFlags };

/** Which of what is found is meant: `toFilter` of select/filters.ts takes the flags. */
export function filterOptions(command: Command): Command {
  return command
    .addOption(new NameRuleOption('--include <glob>', 'only what matches; or again, what was excluded', true))
    .addOption(
      new NameRuleOption('--exclude <glob>', 'not what matches; the last rule that matches decides', false),
    )
    .option('--newer-than <when>', 'changed after an age (12h, 7d) or a date (2026-11-21)')
    .option('--older-than <when>', 'changed before')
    .option('--larger-than <size>', 'of more than 10MiB, 1.5GB, 4096 …')
    .option('--smaller-than <size>', 'of less');
}

/** Both flags add to one list, because their order counts. */
class NameRuleOption extends Option {
  constructor(flags: string, description: string, isInclude: boolean) {
    super(flags, description);
    this.argParser((glob: string, rules: readonly NameRule[] | undefined) => [
      ...(rules ?? []),
      { glob, isInclude },
    ]);
  }

  override attributeName(): string {
    return 'names';
  }
}

export interface LiteralFlag {
  readonly literal?: true;
}

export function literalOption(command: Command): Command {
  return command.option('--literal', 'take * ? [ ] { } in places as they are, not as patterns');
}

export interface AttributeTexts {
  readonly contentType: string;
  readonly metadata: string;
  /** undefined: each says what it is */
  readonly others?: string;
}

/** What objects carry: gives `AttributeFlags`. @param texts what the flags do, where objects have attributes already */
export function attributeOptions(
  command: Command,
  { contentType, metadata, others }: AttributeTexts = OF_NEW_OBJECTS,
): Command {
  return command
    .option('--content-type <type>', contentType)
    .option('--cache-control <text>', others ?? 'how long others may keep it')
    .option('--content-disposition <text>', others ?? 'such as attachment')
    .option('--content-encoding <text>', others ?? 'such as gzip')
    .option('--content-language <text>', others ?? 'such as en')
    .addOption(
      new Option('--metadata <name=value>', metadata).argParser(
        (text, before: readonly string[] | undefined) => [...(before ?? []), text],
      ),
    );
}

const OF_NEW_OBJECTS: AttributeTexts = {
  contentType: 'such as text/plain (default: by the ending of the name)',
  metadata: 'of your own; repeat for more',
};
