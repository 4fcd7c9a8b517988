/** `cistern tree`: folders and objects as a tree. */

import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { filterOptions, jsonOption, literalOption, placeOptions } from '../command/options.ts';
import type { FilterFlags, LiteralFlag, OutputFlags, ReachFlags } from '../command/options.ts';
import { drawTree, gatherTree, listTree } from '../listing/tree.ts';
import type { TreeLine, TreeNode } from '../listing/tree.ts';
import { expand } from '../select/expand.ts';
import type { Selection } from '../select/expand.ts';
import { toFilter } from '../select/filters.ts';
import { walkObjects } from '../select/walk.ts';
import { printable } from '../terminal/printable.ts';
import { formatBytes, formatCount } from '../terminal/sizes.ts';
import { parseCount } from '../values/count.ts';

interface TreeFlags extends OutputFlags, ReachFlags, FilterFlags, LiteralFlag {
  readonly levels?: string;
  readonly sizes?: true;
}

export function command(cli: Cli): Command {
  const tree = new Command('tree')
    .description('Show folders and objects as a tree.')
    .argument('[place]', 'a bucket, a folder, or a pattern', '.')
    .option('-L, --levels <number>', 'how many levels are shown (default: all)')
    .option('-s, --sizes', 'the size of each object, and what each folder has in all')
    .addHelpText(
      'after',
      `
With --levels alone deeper levels are not listed at all, however much is in them.

Examples:
  cistern tree s3://photos                      all of a bucket
  cistern tree -L 2 prod:photos                 two levels of it
  cistern tree -s . --exclude node_modules      with sizes, without a folder
  cistern tree --json zip:backup.zip            a document a line, for scripts`,
    );
  jsonOption(placeOptions(literalOption(filterOptions(tree))));
  return tree.action((place: string, flags: TreeFlags) => run(cli, place, flags));
}

async function run(cli: Cli, text: string, flags: TreeFlags): Promise<void> {
  const levels = flags.levels === undefined ? Infinity : parseCount('--levels', flags.levels, 1);
  const filter = toFilter(flags);
  const selection = await expand(await cli.places(), text, flags);
  const isShallow =
    levels !== Infinity && flags.sizes !== true && filter === undefined && selection.pattern === undefined;
  const { signal } = cli;
  const nodes: Iterable<TreeNode> | AsyncIterable<TreeNode> = isShallow
    ? listTree(selection, levels, signal)
    : await gatherTree(walkObjects(selection, { filter, signal }), levels);
  const total = { folders: 0, objects: 0, size: 0 };
  if (flags.json !== true) await cli.out.line(text);
  for await (const line of drawTree(nodes)) {
    const { node } = line;
    if (node.found === undefined) total.folders++;
    total.objects += node.found === undefined ? 0 : 1;
    total.size += node.found?.size ?? 0;
    await (flags.json === true
      ? cli.out.json(toDocument(line, selection))
      : cli.out.line(toText(line, cli.out.isTerminal, flags)));
    if (cli.out.isClosed) return;
  }
  if (flags.json === true) {
    await cli.out.json({ type: 'summary', ...total });
    return;
  }
  const { folders, objects, size } = total;
  const counts = [formatCount(folders, 'folder'), formatCount(objects, 'object'), formatBytes(size)];
  await cli.out.line(`\n${counts.join(', ')}`);
}

function toText({ branch, node }: TreeLine, isTerminal: boolean, { sizes }: TreeFlags): string {
  const { found, usage } = node;
  const name = isTerminal ? printable(node.name) : node.name;
  if (sizes !== true) return branch + name;
  if (found !== undefined) return `${branch}${name}  (${formatBytes(found.size)})`;
  if (usage === undefined) return branch + name;
  return `${branch}${name}  (${formatBytes(usage.size)} in ${formatCount(usage.objects, 'object')})`;
}

function toDocument({ level, node, path }: TreeLine, { key, isFolder }: Selection): object {
  const { found, usage } = node;
  if (found !== undefined) {
    const { type, size, lastModified, etag } = found;
    return { type, key: found.key, level, size, lastModified: lastModified.toISOString(), etag };
  }
  const folder = isFolder ? key : `${key}/`;
  return { type: 'prefix', prefix: folder + path, level, ...usage };
}
