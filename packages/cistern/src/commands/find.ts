/** `cistern find`: places by name, age, size. */

import { Argument, Command, Option } from 'commander';
import type { Cli } from '../command/cli.ts';
import { filterOptions, jsonOption, literalOption, placeOptions } from '../command/options.ts';
import type { FilterFlags, LiteralFlag, OutputFlags, ReachFlags } from '../command/options.ts';
import { report } from '../failures/report.ts';
import { expand } from '../select/expand.ts';
import { toFilter } from '../select/filters.ts';
import { withFolders } from '../select/folders.ts';
import { globExpression } from '../select/glob.ts';
import { toNamer } from '../select/names.ts';
import { walkObjects } from '../select/walk.ts';
import type { Found } from '../select/walk.ts';
import { printable } from '../terminal/printable.ts';

interface FindFlags extends OutputFlags, ReachFlags, FilterFlags, LiteralFlag {
  readonly name?: readonly string[];
  readonly type?: 'object' | 'folder' | 'all';
  readonly print0?: true;
}

export function command(cli: Cli): Command {
  const find = new Command('find')
    .description(
      'Find objects and folders. What is printed can be given to another command: signs of patterns in keys\n' +
        'are escaped, unless --literal is given here as there.',
    )
    .addArgument(new Argument('[place...]', 'where to look').default(['.'], '"."'))
    .addOption(
      new Option('--name <glob>', 'the last part of the name; again: or another').argParser(
        (glob: string, globs: readonly string[] | undefined) => [...(globs ?? []), glob],
      ),
    )
    .addOption(
      new Option('--type <type>', 'what is found').choices(['object', 'folder', 'all']).default('object'),
    )
    .option('-0, --print0', 'end each with NUL and not with a new line, for xargs -0')
    .addHelpText(
      'after',
      `
Examples:
  cistern find s3://photos --name '*.jpg' --larger-than 10MiB
  cistern find prod:logs --older-than 30d -0 | xargs -0 cistern rm
  cistern find . --type folder --name cache
  cistern find s3://photos --include '2026/**' --json`,
    );
  jsonOption(placeOptions(literalOption(filterOptions(find))));
  return find.action((places: string[], flags: FindFlags) => run(cli, places, flags));
}

async function run(cli: Cli, texts: readonly string[], flags: FindFlags): Promise<void> {
  const isMeant = toTest(flags);
  for (const text of texts) {
    try {
      await findIn(cli, text, flags, isMeant);
    } catch (error) {
      await report(cli, error);
    }
    if (cli.out.isClosed || cli.signal.aborted) return;
  }
}

function toTest({ name, type = 'object' }: FindFlags): (found: Found) => boolean {
  const expressions = name?.map(globExpression);
  const wanted = { object: 'object', folder: 'prefix', all: undefined }[type];
  return (found) => {
    if (wanted !== undefined && found.type !== wanted) return false;
    const own = /[^/]*\/?$/.exec(found.name)?.[0].replace(/\/$/, '') ?? '';
    return expressions?.some((one) => one.test(own)) ?? true;
  };
}

async function findIn(
  cli: Cli,
  text: string,
  flags: FindFlags,
  isMeant: (found: Found) => boolean,
): Promise<void> {
  const selection = await expand(await cli.places(), text, flags);
  const toName = toNamer(selection, flags.literal);
  const filter = toFilter(flags);
  const objects = walkObjects(selection, { signal: cli.signal });
  for await (const found of flags.type === 'object' ? objects : withFolders(objects)) {
    if (!isMeant(found)) continue;
    if (filter?.(found.name, found.type === 'object' ? found : undefined) === false) continue;
    const place = toName(found);
    let wait;
    if (flags.json === true) wait = cli.out.json(toDocument(found, place));
    else if (flags.print0 === true) wait = cli.out.line(place, '\0');
    else wait = cli.out.line(cli.out.isTerminal ? printable(place) : place);
    if (wait !== undefined) await wait;
    if (cli.out.isClosed) return;
  }
}

function toDocument(found: Found, place: string): object {
  if (found.type === 'prefix') return { type: found.type, place, prefix: found.prefix };
  const { type, key, size, etag } = found;
  return { type, place, key, size, lastModified: found.lastModified.toISOString(), etag };
}
