/** The bundle starts what the sources start, and the launcher takes it only while it is made of the sources that are there. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';

const CISTERN = fileURLToPath(new URL('../packages/cistern', import.meta.url));

test('every thread is there, and texts are read where the sources are', async (t) => {
  const outDir = join(CISTERN, 'dist', `bundle-test-${process.pid}`);
  t.after(() => rmSync(outDir, { recursive: true, force: true }));
  await bundle({ outDir, modules: { folder: '../../src', extension: '.ts' }, sourcesMayChange: true });
  const named = globSync('*.js', { cwd: outDir }).flatMap((name) =>
    [
      ...readFileSync(join(outDir, name), 'utf8').matchAll(
        /new URL\("(\.\/[^"]*\.js)", import\.meta\.url\)/g,
      ),
    ].map(([, path = '']) => path),
  );
  assert.ok(named.length >= 7, `threads: ${named.join(' ')}`);
  for (const path of named) assert.ok(existsSync(join(outDir, path)), path);
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, ['--no-strip-types', join(outDir, 'cli.js'), ...args], {
      encoding: 'utf8',
    });
  assert.match(run('serve', '--help'), /CISTERN_USERS/);
  assert.match(run('--help'), /serve/);
});

test('the launcher takes the bundle until a source changes', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'cistern-launcher-'));
  t.after(() => rmSync(root, { recursive: true }));
  const at = join(root, 'packages', 'cistern');
  for (const folder of ['src', join('dist', 'bundle')]) mkdirSync(join(at, folder), { recursive: true });
  cpSync(join(CISTERN, 'bin'), join(at, 'bin'), { recursive: true });
  const write = (path: string, text: string): void => writeFileSync(join(at, path), text);
  write('package.json', '{ "type": "module" }');
  write('src/cli.ts', "console.log('sources');");
  write('dist/bundle/cli.js', "console.log('bundle');");
  const source = join(at, 'src', 'cli.ts');
  utimesSync(source, 1000, 1000);
  const size = readFileSync(source).length;
  const stated = (...sources: [string, number, number][]): void =>
    write('dist/bundle/sources.json', JSON.stringify(sources));
  const env = { ...process.env, XDG_CACHE_HOME: join(root, 'cache') };
  const runs = (): string =>
    execFileSync(process.execPath, [join(at, 'bin', 'cistern.js'), 'ls'], { encoding: 'utf8', env }).trim();

  assert.equal(runs(), 'sources', 'no statement: the bundle was never finished');
  stated(['../../src/cli.ts', size, 1000]);
  assert.equal(runs(), 'bundle');
  utimesSync(source, 1001, 1001);
  assert.equal(runs(), 'sources', 'another time');
  stated(['../../src/cli.ts', size + 1, 1001]);
  assert.equal(runs(), 'sources', 'another size');
  stated(['../../src/cli.ts', size, 1001], ['../../src/gone.ts', 1, 1]);
  assert.equal(runs(), 'sources', 'one is gone');
  stated();
  assert.equal(runs(), 'bundle', 'of a published package');
});
