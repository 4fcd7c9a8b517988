/**
 * @module Trees of files that clients carry up and down, and their comparison byte for byte.
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

/** Names and sizes (bytes) that clients stumble over: empty, tiny, inline and streamed ones, blanks, signs, other scripts. */
const TREE: readonly (readonly [string, number])[] = [
  ['empty', 0],
  ['one byte.txt', 1],
  ['a/small.bin', 3_000],
  ['a/b/large.bin', 3 * (1 << 20) + 17],
  ['a/b/c/edge.bin', 65_536],
  ['plus+percent%20&equals=.txt', 100],
  ['größe/日本語 🚰.txt', 700],
];

/** Writes a tree of random files below `root`, and returns their names, with `/`, in order. */
export async function writeTree(root: string): Promise<string[]> {
  for (const [name, size] of TREE) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, randomBytes(size));
  }
  return TREE.map(([name]) => name).sort();
}

/** SHA-256 of every file below `root`, by name with `/`: two trees are alike when these are. */
export async function readTree(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const tree: Record<string, string> = {};
  for (const file of files) {
    const digest = createHash('sha256').update(await readFile(file));
    tree[relative(root, file).split(sep).join('/')] = digest.digest('hex');
  }
  return tree;
}
