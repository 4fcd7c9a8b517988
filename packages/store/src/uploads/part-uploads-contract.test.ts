/** A store whose uploads are made of part objects keeps the contract: putting its parts through, and composing them. */

import { after, suite, test } from 'node:test';
import { MemoryStore } from '../backends/memory/memory-store.ts';
import { contract } from '../testing/contract.ts';
import { PartMemoryStore } from './part-memory-store.testing.ts';

const runner = { suite, test, after };

contract({ name: 'part objects', runner, open: () => Promise.resolve(new PartMemoryStore()) });

contract({
  name: 'part objects, composed by the store',
  runner,
  open: () => Promise.resolve(new PartMemoryStore(new MemoryStore(), { serverSideComplete: true })),
});

contract({
  name: 'part objects, without a creation that is decided atomically',
  runner,
  open: () => Promise.resolve(new PartMemoryStore(new MemoryStore(), { create: false, uploads: false })),
});
