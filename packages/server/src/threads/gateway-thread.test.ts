/** What an HTTP thread loads before it serves: what it does not use costs each of them time and memory. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

test('an HTTP thread does not load the client of HTTP that comes with Node.js', async () => {
  // Without its data it fails, after it has loaded all that it consists of.
  const worker = new Worker(
    `import { parentPort } from 'node:worker_threads';
    const failed = await import(${JSON.stringify(new URL('gateway-thread.ts', import.meta.url).href)}).catch(String);
    parentPort.postMessage({ failed, loaded: process.moduleLoadList });`,
    { eval: true, execArgv: ['--input-type=module'] },
  );
  const [{ failed, loaded }] = (await once(worker, 'message')) as [{ failed: unknown; loaded: string[] }];
  await worker.terminate();
  assert.match(String(failed), /^TypeError/);
  assert.ok(loaded.includes('NativeModule http'), String(loaded.length));
  assert.deepEqual(
    loaded.filter((name) => name.includes('undici')),
    [],
  );
});
