/** @module The manual, `docs/command-line.md`: its first minute runs, and every command is in it. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { COMMANDS } from '../../packages/cistern/src/commands/table.ts';
import { startTestServer } from '../support/server.ts';
import { cliHome, LAUNCHER } from './cli.ts';

const manual = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8');
const [, table = ''] = /^## Commands\n(.*?)^## /ms.exec(manual) ?? [];

test('every command has its place in the table, and no other', () => {
  const cells = [...table.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) => cell);
  const named = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
  const names = COMMANDS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  assert.deepEqual(named.sort(), names.sort());
});

test('no section is there twice', () => {
  const titles = [...manual.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  assert.deepEqual(titles, [...new Set(titles)]);
});

test('the first minute does what it says', async () => {
  const { s3 } = await startTestServer();
  const home = cliHome(s3);
  const bin = join(home.folder, 'bin');
  mkdirSync(bin);
  const launch = `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`;
  writeFileSync(join(bin, 'cistern'), launch, { mode: 0o755 });
  mkdirSync(join(home.folder, 'holiday'));
  writeFileSync(join(home.folder, 'holiday', 'beach.txt'), 'sand');
  const [, script = ''] = /^## The first minute\n.*?^```sh\n(.*?)^```$/ms.exec(manual) ?? [];
  const { stdout } = await promisify(execFile)('sh', ['-ec', script], {
    cwd: home.folder,
    env: { ...home.env, PATH: `${bin}${delimiter}${home.env['PATH']}` },
  });
  assert.match(stdout, /beach\.txt\n[^]*hello\n$/);
  assert.equal(readFileSync(join(home.folder, 'beach.txt'), 'utf8'), 'sand');
  assert.equal(await home.ok(['cat', 'zip:photos.zip/2026/beach.txt']), 'sand');
});
