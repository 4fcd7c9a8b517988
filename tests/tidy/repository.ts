/** The repository as the tidy tests see it: its source files with what each of them names, and its packages. */

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importedModules, namedFiles, packageOf, withoutComments } from './source-text.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly code: string;
  readonly isTest: boolean;
  /** Source files it imports, starts or reads, as paths like `path`. */
  readonly reaches: readonly string[];
  /** npm packages that it imports, ours included. */
  readonly packages: ReadonlySet<string>;
}

export interface Package {
  /** Relative to the repository; empty for the workspace itself. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  /** Files that the package's exports, commands and scripts name, relative to the repository. */
  readonly entries: readonly string[];
}

const SOURCES = ['packages', 'tests', 'scripts', 'benchmarks', 'examples'].map(
  (folder) => `${folder}/**/*.{ts,js,mjs}`,
);

/** Its strings are samples of imports. */
const SAMPLES = 'tests/tidy/source-text.test.ts';

export function readSources(): readonly SourceFile[] {
  return globSync(SOURCES, { cwd: ROOT, exclude: ['**/node_modules/**', '**/dist/**'] })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path !== SAMPLES)
    .sort()
    .map(readSource);
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const modules = importedModules(text);
  const relative = [...modules.filter((name) => name.startsWith('.')), ...namedFiles(text)];
  return {
    path,
    text,
    code: withoutComments(text),
    isTest: path.endsWith('.test.ts'),
    reaches: relative.map((name) => resolveName(path, name)),
    packages: new Set(modules.map(packageOf).filter((name) => name !== undefined)),
  };
}

/** A name without an extension is one of `siblingModule`, which adds that of the file that asks. */
function resolveName(from: string, name: string): string {
  const path = posix.join(dirname(from), name);
  return existsSync(join(ROOT, path)) ? path : `${path}.ts`;
}

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly workspaces?: readonly string[];
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** @returns the workspace first, then its packages. */
export function readPackages(): readonly [Package, ...Package[]] {
  const json = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PackageJson;
  return [toPackage('', json), ...(json.workspaces ?? []).map((folder) => toPackage(folder))];
}

function toPackage(folder: string, known?: PackageJson): Package {
  const json = known ?? (JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as PackageJson);
  const scripts = Object.values(json.scripts ?? {}).flatMap((line) => line.split(/\s+/));
  const named = [
    ...Object.values(json.exports ?? {}),
    ...Object.values(json.bin ?? {}),
    ...scripts.filter((word) => /\.(?:ts|js|mjs)$/.test(word)),
  ];
  return {
    folder,
    name: json.name,
    version: json.version,
    dependencies: json.dependencies ?? {},
    devDependencies: json.devDependencies ?? {},
    optionalDependencies: json.optionalDependencies ?? {},
    entries: named.map((path) => posix.join(folder, path)),
  };
}

/** @returns every text file that is in the repository or about to be, ignored ones left out. */
export function readTrackedFiles(): readonly { readonly path: string; readonly text: string }[] {
  const names = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return names
    .split('\0')
    .filter((path) => path !== '' && statSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile() === true)
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
    .filter(({ text }) => !text.includes('\0'));
}

/** @returns the paths reachable from `entries`, these included. */
export function reachableFrom(
  entries: readonly string[],
  sources: readonly SourceFile[],
): ReadonlySet<string> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set(entries);
  for (const path of reached) {
    for (const next of byPath.get(path)?.reaches ?? []) reached.add(next);
  }
  return reached;
}
