/** The store in SQLite keeps the contract: in a file, in memory, and with every grace at nothing. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { sqlite } from './sqlite.ts';
import { contract } from './testing/contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'cistern-sqlite-'));
const runner = { suite, test, after };

contract({ name: 'sqlite', runner, open: () => Promise.resolve(sqlite(join(folder, 'a.db'))) });
contract({ name: 'sqlite in memory', runner, open: () => Promise.resolve(sqlite(':memory:')) });
contract({
  name: 'sqlite without a grace',
  runner,
  open: () => Promise.resolve(sqlite(join(folder, 'b.db'), { graceMs: 0 })),
});

after(() => rmSync(folder, { recursive: true, force: true }));
