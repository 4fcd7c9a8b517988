/** The store in memory keeps the contract. */

import { after, suite, test } from 'node:test';
import { memory } from './memory.ts';
import { contract } from './testing/contract.ts';

contract({ name: 'memory', runner: { suite, test, after }, open: () => Promise.resolve(memory()) });
