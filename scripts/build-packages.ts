/**
 * Makes publishable packages of our sources: JavaScript and declarations in `dist/`, and a package.json that points at
 * them. Says nothing about publishing. Relative imports get the extension `.js`; worker entries need nothing, since
 * `siblingModule` keeps the extension of the module that asks.
 */

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What we read and write of a package.json; everything else in one is kept as it is. */
export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly workspaces?: readonly string[];
  readonly exports: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export interface BuiltPackage {
  readonly folder: string;
  readonly source: PackageJson;
}

export function readPackageJson(folder: string): PackageJson {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
}

/**
 * Builds every workspace into `outDir/<folder name>`, which is emptied first.
 * @throws when the sources do not compile; the compiler has then said why on standard output.
 */
export async function buildPackages(outDir: string): Promise<readonly BuiltPackage[]> {
  rmSync(outDir, { recursive: true, force: true });
  const emitted = join(outDir, '.emitted');
  execFileSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', emitted],
    { cwd: ROOT, stdio: 'inherit' },
  );
  const workspaces = readPackageJson(ROOT).workspaces ?? [];
  const sources = workspaces.map((workspace) => readPackageJson(join(ROOT, workspace)));
  const built: BuiltPackage[] = [];
  for (const workspace of workspaces) {
    const source = join(ROOT, workspace);
    const folder = join(outDir, basename(workspace));
    mkdirSync(folder, { recursive: true });
    renameSync(join(emitted, basename(workspace), 'src'), join(folder, 'dist'));
    copyAssets(join(source, 'src'), join(folder, 'dist'));
    if (existsSync(join(source, 'bin')))
      cpSync(join(source, 'bin'), join(folder, 'bin'), { recursive: true });
    cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
    const manual = [join(source, 'README.md'), join(ROOT, 'README.md')].find((path) => existsSync(path));
    if (manual !== undefined) cpSync(manual, join(folder, 'README.md'));
    let json = readPackageJson(source);
    if (json.bin !== undefined) {
      await bundle({
        outDir: join(folder, 'dist', 'bundle'),
        modules: { folder: '..', extension: '.js' },
        sourcesMayChange: false,
      });
      json = withDependenciesOf(json, sources);
    }
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(toPublished(json), undefined, 2)}\n`);
    built.push({ folder, source: json });
  }
  rmSync(emitted, { recursive: true });
  return built;
}

/** Files that the sources read at run time, such as texts of help. */
function copyAssets(from: string, to: string): void {
  for (const path of globSync('**/*.*', { cwd: from, exclude: ['**/*.ts'] })) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(from, path), join(to, path));
  }
}

/** What the bundle imports, which has the code of all our packages in it, is to be found from where the bundle is. */
export function withDependenciesOf(source: PackageJson, others: readonly PackageJson[]): PackageJson {
  const all = [...others, source];
  return {
    ...source,
    dependencies: joined(all.map(({ dependencies }) => dependencies)),
    peerDependencies: joined(all.map(({ peerDependencies }) => peerDependencies)),
    peerDependenciesMeta: joined(all.map(({ peerDependenciesMeta }) => peerDependenciesMeta)),
  };
}

function joined<Value>(
  records: readonly (Readonly<Record<string, Value>> | undefined)[],
): Record<string, Value> {
  return Object.assign({}, ...records) as Record<string, Value>;
}

/** @returns the package.json of the published package: its exports are the built files with their declarations. */
export function toPublished(source: PackageJson): object {
  const exports = Object.entries(source.exports).map(([name, path]) => {
    const built = path.replace(/^\.\/src\//, './dist/');
    return [name, { types: built.replace(/\.ts$/, '.d.ts'), default: built.replace(/\.ts$/, '.js') }];
  });
  const files = ['dist', ...(source.bin === undefined ? [] : ['bin'])];
  return { ...source, exports: Object.fromEntries(exports) as object, files };
}
