/** Run by Bun: the contract over memory and what the core has, with a runner of a few lines. Prints what failed. */

import { memory, open } from '@cistern/store';
import { contract } from '@cistern/store/testing';

const tests: { name: string; body: () => Promise<void> }[] = [];
const ends: (() => Promise<void>)[] = [];

contract({
  name: 'memory',
  runner: {
    suite: (_name, body) => body(),
    test: (name, body) => tests.push({ name, body }),
    after: (body) => ends.push(body),
  },
  open: () => Promise.resolve(memory()),
});

let failed = 0;
for (const { name, body } of tests) {
  try {
    await body();
  } catch (error) {
    failed++;
    console.log(`${name}: ${String(error)}`);
  }
}
for (const end of ends) await end();
await using store = await open('mem:');
await store.put('greeting', 'hello');
if ((await store.get('greeting').text()) !== 'hello') failed++;
console.log(`${tests.length} tests, ${failed} failed`);
