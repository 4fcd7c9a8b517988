/** `cistern tag`: tags of objects and buckets. */

import { Command } from 'commander';
import type { Tags } from '@cistern/store';
import { bucketName, inBucket } from '../buckets/in-bucket.ts';
import type { Cli } from '../command/cli.ts';
import { jsonOption, placeOptions } from '../command/options.ts';
import type { OutputFlags, ReachFlags } from '../command/options.ts';
import { usage } from '../failures/failure.ts';

interface TagFlags extends OutputFlags, ReachFlags {
  readonly replace?: true;
  readonly remove?: readonly string[];
  readonly clear?: true;
  readonly version?: string;
}

export function command(cli: Cli): Command {
  const tag = new Command('tag')
    .description('Print the tags of an object or a bucket, or change them.')
    .argument('<place>', 'an object or a bucket')
    .argument('[tag...]', 'tags to set, as name=value; the others stay')
    .option('--replace', 'the others go')
    .option(
      '--remove <name>',
      'remove this tag; can be given again',
      (name, before: string[] | undefined) => [...(before ?? []), name],
    )
    .option('--clear', 'remove all tags')
    .option('--version <id>', 'those of this version')
    .addHelpText(
      'after',
      `
Examples:
  cistern tag s3://photos/a.jpg
  cistern tag s3://photos/a.jpg album=summer licence=cc-by
  cistern tag s3://photos/a.jpg --remove album
  cistern tag s3://photos owner=ops --replace      tags of the bucket
  cistern tag --json s3://photos/a.jpg`,
    );
  jsonOption(placeOptions(tag));
  return tag.action((text: string, given: string[], flags: TagFlags) => run(cli, text, given, flags));
}

async function run(cli: Cli, text: string, given: readonly string[], flags: TagFlags): Promise<void> {
  const { signal } = cli;
  const { version, replace, clear, remove = [] } = flags;
  const { selection, features } = await inBucket(cli, text, { ...flags, literal: true }, 'tags');
  const { key, isFolder, opened } = selection;
  const isBucket = key === '';
  if (isFolder && !isBucket) throw usage(`${text} is a folder`, 'Objects and buckets have tags: name one.');
  if (isBucket && version !== undefined) throw usage('--version is of objects');
  const added = new Map(given.map(parseTag));
  if (clear === true && (added.size > 0 || remove.length > 0 || replace === true))
    throw usage('--clear removes all tags', '--replace sets others instead.');
  if (replace === true && added.size === 0)
    throw usage('--replace has no tags to set', '--clear removes all.');
  const options = { version, signal };
  const get = (): Promise<Tags> => (isBucket ? features.bucketTags({ signal }) : features.tags(key, options));
  const set = (tags: Tags): Promise<void> =>
    isBucket ? features.setBucketTags(tags, { signal }) : features.setTags(key, tags, options);

  const changes = added.size > 0 || remove.length > 0 || clear === true;
  const before = clear === true || replace === true ? {} : await get();
  const tags = changes ? changed(before, added, remove) : before;
  if (changes) await set(tags);
  const name = isBucket ? bucketName(opened.place, opened.place.bucket) : opened.name(key);
  if (flags.json === true) await cli.out.json({ type: 'tags', name, version, tags });
  else if (!changes) for (const [one, value] of Object.entries(tags)) await cli.out.line(`${one}=${value}`);
}

function changed(before: Tags, added: ReadonlyMap<string, string>, remove: readonly string[]): Tags {
  const all = new Map([...Object.entries(before), ...added]);
  for (const name of remove) {
    if (!all.delete(name))
      throw usage(`There is no tag ${name}`, 'cistern tag PLACE prints those there are.');
  }
  return Object.fromEntries(all);
}

function parseTag(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  throw usage(`${text} is no tag`, 'Write name=value; the value may be empty.');
}
