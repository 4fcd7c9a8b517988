/** Folders and objects as a tree, and its drawing. */

import type { Selection } from '../select/expand.ts';
import { walk } from '../select/walk.ts';
import type { FoundObject } from '../select/walk.ts';
import type { Usage } from './usage.ts';

/** A folder (with `children`) or an object (with `found`). */
export interface TreeNode {
  /** its own name; of a folder with a slash at its end */
  readonly name: string;
  readonly found?: FoundObject;
  /** of a folder: all that is below it, where that is known */
  readonly usage?: Usage;
  /** undefined for a folder into which the drawing does not go */
  readonly children?: () => Iterable<TreeNode> | AsyncIterable<TreeNode>;
}

export interface TreeLine {
  readonly node: TreeNode;
  /** from 1 on */
  readonly level: number;
  /** what stands before the name */
  readonly branch: string;
  /** the names of the folders above it, and its own */
  readonly path: string;
}

/** In constant memory, but for what the nodes hold. */
export async function* drawTree(
  children: Iterable<TreeNode> | AsyncIterable<TreeNode>,
  above = { level: 0, indent: '', path: '' },
): AsyncGenerator<TreeLine> {
  // Whether a branch is the last one shows when there is no other after it.
  let held: TreeNode | undefined;
  for await (const next of children) {
    if (held !== undefined) yield* drawNode(held, false, above);
    held = next;
  }
  if (held !== undefined) yield* drawNode(held, true, above);
}

async function* drawNode(
  node: TreeNode,
  isLast: boolean,
  { level, indent, path }: { readonly level: number; readonly indent: string; readonly path: string },
): AsyncGenerator<TreeLine> {
  const line = {
    node,
    level: level + 1,
    branch: `${indent}${isLast ? '└── ' : '├── '}`,
    path: path + node.name,
  };
  yield line;
  if (node.children === undefined) return;
  const below = { level: line.level, indent: `${indent}${isLast ? '    ' : '│   '}`, path: line.path };
  yield* drawTree(node.children(), below);
}

/** The tree below a folder, listed level by level as it is drawn: nothing deeper is asked for. */
export async function* listTree(
  selection: Selection,
  levels: number,
  signal: AbortSignal,
): AsyncGenerator<TreeNode> {
  for await (const found of walk(selection, { signal })) {
    if (found.type === 'object') {
      if (found.name !== '') yield { name: found.name, found };
      continue;
    }
    const below: Selection = { ...selection, key: found.prefix, isFolder: true };
    const children = (): AsyncIterable<TreeNode> => listTree(below, levels - 1, signal);
    yield { name: found.name, ...(levels > 1 && { children }) };
  }
}

class Folder implements TreeNode {
  readonly name: string;
  readonly usage = { objects: 0, size: 0 };
  readonly nodes: TreeNode[] = [];

  constructor(name: string) {
    this.name = name;
  }

  children(): Iterable<TreeNode> {
    return this.nodes;
  }
}

/**
 * The whole tree in memory, its deeper levels as numbers alone.
 *
 * @param levels how many are kept
 */
export async function gatherTree(found: AsyncIterable<FoundObject>, levels: number): Promise<TreeNode[]> {
  const root = new Folder('');
  let open: Folder[] = [root];
  let path = '';
  for await (const object of found) {
    const { name, size } = object;
    // What the name shares with that before it are the folders that are open.
    const ends = [...name.matchAll(/\//g)].map(({ index }) => index + 1).slice(0, levels);
    const shared = ends.filter((end) => path.startsWith(name.slice(0, end))).length;
    open = open.slice(0, shared + 1);
    for (const [index, end] of ends.entries()) {
      if (index < shared) continue;
      const folder = new Folder(name.slice(index === 0 ? 0 : ends[index - 1], end));
      open.at(-1)?.nodes.push(folder);
      open.push(folder);
    }
    path = name.slice(0, ends.at(-1) ?? 0);
    for (const { usage } of open) {
      usage.objects++;
      usage.size += size;
    }
    // An object that has a folder's own name is counted, and is no branch.
    const isKept = ends.length < levels && name !== path;
    if (isKept) open.at(-1)?.nodes.push({ name: name.slice(path.length), found: object });
  }
  return root.nodes;
}
