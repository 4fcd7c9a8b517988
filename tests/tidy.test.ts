/**
 * What keeps the repository tidy as a whole. Each rule names its reason, and fails with a list of what breaks it.
 * What a syntax tree decides within one file (lengths, cycles, floating promises) is the linter's: .oxlintrc.json.
 */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { reachableFrom, readPackages, readSources, readTrackedFiles, ROOT } from './tidy/repository.ts';
import type { Package, SourceFile } from './tidy/repository.ts';

const sources = readSources();
const [workspace, ...packages] = readPackages();
const names = new Set(packages.map(({ name }) => name));
const tracked = existsSync(join(ROOT, '.git')) ? readTrackedFiles() : undefined;
const needsGit =
  tracked === undefined && 'not a git checkout: which files belong to the repository is unknown';

function check(found: readonly string[], rule: string): void {
  assert.deepEqual(found, [], rule);
}

function inside(folder: string, { path }: SourceFile): boolean {
  return path.startsWith(`${folder}/`);
}

/** Who may import whom, and why nobody else. */
const DIRECTIONS: readonly {
  readonly folder: string;
  readonly mayImport: readonly string[];
  readonly why: string;
}[] = [
  {
    folder: 'packages/protocol',
    mayImport: [],
    why: 'the wire format is pure functions, used by servers and clients alike, and tested without either',
  },
  {
    folder: 'packages/store',
    mayImport: ['@cistern/protocol'],
    why: 'a program that reads a bucket must not install a server',
  },
  {
    folder: 'packages/server',
    mayImport: ['@cistern/protocol', '@cistern/store'],
    why: 'the gateway serves what it is given: choosing backends and reading configuration is the command line’s',
  },
  {
    folder: 'packages/cistern',
    mayImport: ['@cistern/protocol', '@cistern/store', '@cistern/server'],
    why: 'it is the top: nothing of ours may depend on the command line',
  },
  {
    folder: 'packages/console',
    mayImport: [],
    why: 'the console knows the server only through HTTP, as any other client does',
  },
];

suite('imports', () => {
  for (const { folder, mayImport, why } of DIRECTIONS) {
    test(`${folder} imports ${mayImport.join(', ') || 'no package of ours'}: ${why}`, () => {
      const product = sources.filter((source) => inside(folder, source) && !source.isTest);
      const wrong = product.flatMap(({ path, packages: imported }) =>
        [...imported]
          .filter((name) => names.has(name) && !mayImport.includes(name))
          .map((name) => `${path} → ${name}`),
      );
      check(wrong, why);
    });
  }

  test('a package is entered by its name: a path into its files would pass by its exports', () => {
    const folderOf = (path: string): string => path.split('/').slice(0, 2).join('/');
    const wrong = sources
      .filter((source) => inside('packages', source))
      .flatMap(({ path, reaches }) =>
        reaches
          .filter((target) => target.startsWith('packages/') && folderOf(target) !== folderOf(path))
          .map((target) => `${path} → ${target}`),
      );
    check(wrong, 'import the package by its name');
  });

  test('protocol does no I/O: a failure of it can be replayed from its bytes', () => {
    const IO =
      /['"]node:(?:fs|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|cluster|sqlite)(?:\/\w+)?['"]/;
    const product = sources.filter((source) => inside('packages/protocol', source) && !source.isTest);
    check(
      product.filter(({ code }) => IO.test(code)).map(({ path }) => path),
      'pass the bytes in',
    );
  });

  test('every relative import names a file that exists', () => {
    const missing = sources
      // The launcher looks for sources and for built files, and only one of them is there.
      .filter(({ path }) => !path.startsWith('packages/cistern/bin/'))
      .flatMap(({ path, reaches }) =>
        reaches
          // What is installed is not ours, and need not be there.
          .filter((target) => !target.includes('/node_modules/') && !existsSync(join(ROOT, target)))
          .map((target) => `${path} → ${target}`),
      );
    check(missing, 'mend the name');
  });
});

suite('files', () => {
  test('every source file opens with a comment that says what it is, for a reader who comes by search', () => {
    const bare = sources.filter(({ text }) => !/^(?:#![^\n]*\n)?\/[*/]/.test(text));
    check(
      bare.map(({ path }) => path),
      'begin with /** what it is, is not, may assume */',
    );
  });

  test('no file is dead: each is reached from a package’s exports, a command, a script or a test', () => {
    const entries = [
      ...[workspace, ...packages].flatMap((one) => one.entries),
      ...sources.filter(({ path, isTest }) => isTest || path.startsWith('examples/')).map(({ path }) => path),
    ];
    const reached = reachableFrom(entries, sources);
    check(
      sources.map(({ path }) => path).filter((path) => !reached.has(path)),
      'use it or remove it',
    );
  });

  test('no product file is used by tests alone: what ships is what is needed', () => {
    const reached = reachableFrom(
      packages.flatMap((one) => one.entries),
      sources,
    );
    const product = sources.filter(
      (source) => inside('packages', source) && !source.isTest && !isForTests(source.path),
    );
    check(
      product.map(({ path }) => path).filter((path) => !reached.has(path)),
      'name it *.testing.ts or *.fixtures.ts, or move it to tests/',
    );
  });

  test('every test states why it is skipped, and none shuts the others out', () => {
    const forbidden = [
      { pattern: /\bskip:\s*true\b/, what: 'skip: true' },
      { pattern: /\.skip\(\s*\)/, what: 'skip() without a reason' },
      { pattern: /\b(?:test|it|suite|describe)\.(?:only|skip|todo)\b/, what: 'only, skip or todo' },
      { pattern: /\b(?:only|todo):\s*true\b/, what: 'only or todo' },
    ];
    const found = sources
      .filter(({ path }) => path !== 'tests/tidy.test.ts')
      .flatMap(({ path, code }) =>
        forbidden.filter(({ pattern }) => pattern.test(code)).map(({ what }) => `${path}: ${what}`),
      );
    check(found, 'skip: needs a string');
  });

  test('SQLite compiles no statement again for each new limit', () => {
    // For a bare parameter it does, whenever it is bound: 13 µs to 50 µs. `LIMIT 0 + ?` is a limit like any other.
    const bare = sources.filter(({ path, text }) => path.startsWith('packages/') && /LIMIT \+?\?/.test(text));
    check(
      bare.map(({ path }) => path),
      'write LIMIT 0 + ?',
    );
  });

  test('nothing names a folder of one person’s machine', { skip: needsGit }, () => {
    // Written in parts, so that this line is not what it finds.
    const paths = new RegExp(['(?<![\\w.$}-])/(?:ro', 'ot|ho', 'me/\\w+|Us', 'ers/\\w+|wo', 'rk)/'].join(''));
    const found = (tracked ?? []).filter(({ path, text }) => path !== 'LICENSE' && paths.test(text));
    check(
      found.map(({ path }) => path),
      'use a relative path or os.tmpdir()',
    );
  });

  test('links in the documentation lead to files that exist', { skip: needsGit }, () => {
    const broken = (tracked ?? [])
      .filter(({ path }) => path.endsWith('.md'))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)]
          .filter(([, target]) => !existsSync(join(ROOT, path, '..', target ?? '')))
          .map(([, target]) => `${path} → ${target}`),
      );
    check(broken, 'mend the link');
  });
});

suite('dependencies', () => {
  test('each import is declared by the package that makes it', () => {
    const undeclared = packages.flatMap((one) =>
      productFiles(one).flatMap(({ path, packages: imported }) =>
        [...imported].filter((name) => !(name in one.dependencies)).map((name) => `${path} → ${name}`),
      ),
    );
    const root = { ...workspace.devDependencies, ...workspace.dependencies };
    const elsewhere = sources
      .filter((source) => source.isTest || !inside('packages', source))
      .flatMap(({ path, packages: imported }) => {
        const own = packages.find(({ folder }) => path.startsWith(`${folder}/`))?.dependencies ?? {};
        return [...imported]
          .filter((name) => !(name in root || name in own || names.has(name)))
          .map((name) => `${path} → ${name}`);
      });
    check([...undeclared, ...elsewhere], 'declare it');
  });

  test('each declared dependency is used', () => {
    const unused = packages.flatMap((one) => {
      const used = new Set(productFiles(one).flatMap(({ packages: imported }) => [...imported]));
      return Object.keys(one.dependencies)
        .filter((name) => !used.has(name))
        .map((name) => `${one.name}: ${name}`);
    });
    const tools = ['package.json', 'tsconfig.json', '.oxlintrc.json'].map((path) =>
      readFileSync(join(ROOT, path), 'utf8'),
    );
    const text = [
      ...sources.map(({ code }) => code),
      tools.join('').replaceAll(/"[^"]+": "[\d.]+"/g, ''),
    ].join('\n');
    const idle = Object.keys(workspace.devDependencies).filter(
      (name) => !text.includes(KNOWN_AS[name] ?? name),
    );
    check([...unused, ...idle.map((name) => `workspace: ${name}`)], 'remove it from package.json');
  });

  test('versions are exact, and ours are one: what was tested is what is installed', () => {
    const all = [workspace, ...packages];
    const loose = all.flatMap(({ name: owner, dependencies, devDependencies, optionalDependencies }) =>
      Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
        .filter(([name, version]) =>
          names.has(name) ? version !== workspace.version : !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version),
        )
        .map(([name, version]) => `${owner}: ${name} ${version}`),
    );
    const apart = packages
      .filter(({ version }) => version !== workspace.version)
      .map(({ name, version }) => `${name} ${version}`);
    check([...loose, ...apart], 'write the exact version');
  });

  test('the lockfile names no registry: it works behind any mirror, and every package has a hash', () => {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
    const wrong = Object.entries(lock.packages)
      .filter(([path]) => path.startsWith('node_modules/'))
      .filter(
        ([, { resolved, integrity, link }]) =>
          link !== true && (resolved !== undefined || integrity === undefined),
      )
      .map(([path]) => path);
    check(wrong, 'npm install with omit-lockfile-registry-resolved=true');
  });
});

/** Dependencies that the repository knows by another name than the package's. */
const KNOWN_AS: Readonly<Record<string, string>> = {
  '@types/node': '"node"',
  // Started by oxlint itself when its configuration asks for types.
  'oxlint-tsgolint': '"typeAware": true',
};

interface Lockfile {
  readonly packages: Readonly<Record<string, { resolved?: string; integrity?: string; link?: boolean }>>;
}

function productFiles({ folder }: Package): readonly SourceFile[] {
  return sources.filter((source) => inside(folder, source) && !source.isTest && !isForTests(source.path));
}

/** Helpers of tests that have to lie beside the source. */
function isForTests(path: string): boolean {
  return path.endsWith('.testing.ts') || path.endsWith('.fixtures.ts');
}
