/** @module A copy of the repository with one bug in it: sources and tests are copied, what is installed is linked. */

import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { SeededBug } from './bug.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = [
  'packages',
  'tests',
  'scripts',
  'benchmarks',
  'docs',
  'examples',
  'README.md',
  'package.json',
  'tsconfig.json',
];
/** In `node_modules`, but of the repository itself. */
const OWN = new Set(['@cistern', 'cistern', '.cache']);

export interface Planted {
  readonly folder: string;
  readonly remove: () => void;
}

export function plant(bug: SeededBug): Planted {
  const folder = mkdtempSync(join(tmpdir(), 'cistern-bug-'));
  const present = new Set(readdirSync(ROOT));
  for (const name of COPIED) {
    if (!present.has(name)) continue;
    cpSync(join(ROOT, name), join(folder, name), {
      recursive: true,
      filter: (path) => !path.includes(`${sep}node_modules`) && !path.endsWith(`${sep}dist`),
    });
  }
  linkInstalled(folder);
  const path = join(folder, bug.file);
  writeFileSync(path, withBug(bug, readFileSync(path, 'utf8')));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** @returns the source with the bug in it; throws where it no longer fits */
export function withBug({ name, file, find, replace }: SeededBug, source: string): string {
  const [before, after, ...more] = source.split(find);
  assert.ok(
    before !== undefined && after !== undefined && more.length === 0,
    `The bug ${name} no longer fits: its text stands ${source.split(find).length - 1} times in ${file}`,
  );
  return before + replace + after;
}

function linkInstalled(folder: string): void {
  const installed = join(ROOT, 'node_modules');
  const linked = join(folder, 'node_modules');
  mkdirSync(join(linked, '@cistern'), { recursive: true });
  for (const name of readdirSync(installed)) {
    if (!OWN.has(name)) symlinkSync(join(installed, name), join(linked, name));
  }
  for (const name of ['protocol', 'store', 'server'])
    symlinkSync(join(folder, 'packages', name), join(linked, '@cistern', name));
  symlinkSync(join(folder, 'packages', 'cistern'), join(linked, 'cistern'));
  const peers = join('tests', 'peers', 'node_modules');
  if (readdirSync(join(ROOT, 'tests', 'peers')).includes('node_modules'))
    symlinkSync(join(ROOT, peers), join(folder, peers));
}
