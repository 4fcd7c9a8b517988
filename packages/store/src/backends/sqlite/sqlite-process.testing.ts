/** A process of its own that uses a store in SQLite: what other processes do to ours. Speaks lines of JSON. */

import { sqlite } from '../../sqlite.ts';
import { isStoreError } from '../../errors.ts';

const [path = '', what = '', name = ''] = process.argv.slice(2);
const store = sqlite(path);

function say(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

if (what === 'create') {
  // All begin at once, when they are told.
  say('ready');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  const won: number[] = [];
  for (let i = 0; i < 50; i++) {
    try {
      await store.put(`key ${i}`, name, { mode: 'create' });
      won.push(i);
    } catch (error) {
      if (!isStoreError(error, 'AlreadyExists')) throw error;
    }
  }
  say(won);
  await store.close();
  process.exit(0);
} else {
  // Puts without end, telling of each when it has been acknowledged.
  for (let i = 0; ; i++) {
    await Promise.all(
      [0, 1, 2, 3].map(async (at) => {
        await store.put(`key ${i}.${at}`, new Uint8Array(300_000 * (at % 2) + 10).fill(i % 251));
        say(`key ${i}.${at}`);
      }),
    );
  }
}
