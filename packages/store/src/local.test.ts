/** The store in a plain folder keeps the contract. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { local } from './local.ts';
import { contract } from './testing/contract.ts';

const root = await mkdtemp(join(tmpdir(), 'cistern-local-'));
after(() => rm(root, { recursive: true }));

const runner = { suite, test, after };
contract({ name: 'local', runner, open: () => Promise.resolve(local(join(root, 'plain'))) });
contract({
  name: 'local, durable, links followed',
  runner,
  open: () => Promise.resolve(local(join(root, 'durable'), { durable: true, links: 'follow' })),
});
