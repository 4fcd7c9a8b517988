/** A process of its own that writes an archive anew without end, until it is killed. */

import { zip } from '../../zip.ts';

const [path = ''] = process.argv.slice(2);
const store = await zip(path);
for (let i = 0; ; i++) {
  await store.put('number', `${i}`);
  await store.put('same number', `${i}`);
  await store.put('bulk', new Uint8Array(2_000_000).fill(i % 251));
  await store.flush();
  process.stdout.write(`${i}\n`);
}
