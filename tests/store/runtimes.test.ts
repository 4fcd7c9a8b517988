/** Where the core of the store library runs: Node (every other test), Bun, and browsers, which have no modules of Node. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
// Its installation moves the program from the package of the platform, where scripts may run; what is small stands in for it.
const [bun] = globSync('tests/peers/node_modules/{@oven/bun-*/bin/bun*,bun/bin/bun.exe}', {
  cwd: ROOT,
}).filter((path) => statSync(join(ROOT, path)).size > 1_000_000);

test(
  'Bun: the core keeps the contract',
  { skip: bun === undefined && 'Bun is not installed: npm ci --prefix tests/peers' },
  () => {
    const program = fileURLToPath(new URL('./bun-program.ts', import.meta.url));
    const printed = execFileSync(join(ROOT, bun ?? ''), ['run', program], { cwd: ROOT, encoding: 'utf8' });
    assert.match(printed, /^\d+ tests, 0 failed\n$/);
  },
);

test('browsers: nothing that the core loads at once is Node’s', () => {
  const seen = new Set<string>();
  const foreign: string[] = [];
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    // What is imported when it is first needed is not loaded at once; types are no imports.
    const text = readFileSync(path, 'utf8');
    for (const [, specifier = ''] of text.matchAll(/^(?:import|export)(?! type)[^;]*?from '([^']+)'/gms)) {
      const next = join(dirname(path), specifier);
      if (specifier.startsWith('.') && existsSync(next)) visit(next);
      else foreign.push(`${path.slice(ROOT.length)} → ${specifier}`);
    }
  };
  visit(join(ROOT, 'packages/store/src/index.ts'));
  assert.ok(seen.size > 10, 'the core is more than a few files');
  assert.deepEqual(foreign, []);
});
