/** One check at a time, each of which ends with its thread, with its asker, or with the server. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';

import type { FsckEvent } from '../fsck/report.ts';
import { openFilledStore } from '../fsck/store.testing.ts';
import { BUSY, FsckHandle } from './fsck-handle.ts';

function ask(handle: FsckHandle): { port: MessagePort; told: Promise<unknown[]> } {
  const { port1, port2 } = new MessageChannel();
  const messages: unknown[] = [];
  port1.on('message', (message) => messages.push(message));
  handle.start(port2, true);
  return { port: port1, told: once(port1, 'close').then(() => messages) };
}

function handleOf(t: TestContext, dataDir: string): FsckHandle {
  const handle = new FsckHandle({ dataDir, storageClasses: {}, blobs: null }, (error) => assert.fail(error));
  t.after(() => handle.close());
  return handle;
}

suite('a check of the running server', () => {
  test('is refused while another is under way, and taken as soon as that has told its end', async (t) => {
    const store = openFilledStore(t);
    await store.fill();
    const handle = handleOf(t, store.directory);
    const first = ask(handle);
    assert.deepEqual(await ask(handle).told, [BUSY]);
    const end = (await first.told).at(-1) as FsckEvent;
    assert.ok(end.type === 'result' && end.report.clean);
    const next = (await ask(handle).told).at(-1) as FsckEvent;
    assert.equal(next.type, 'result');
  });

  test('ends when its asker goes, and when the server does', async (t) => {
    const store = openFilledStore(t);
    await store.fill();
    const handle = handleOf(t, store.directory);
    const gone = ask(handle);
    gone.port.close();
    await gone.told;
    await handle.close();
    const cut = ask(handle);
    await handle.close();
    assert.ok(!(await cut.told).some((event) => (event as FsckEvent).type === 'result'));
  });

  test('that cannot be made says why', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'cistern-fsck-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const told = await ask(handleOf(t, directory)).told;
    assert.deepEqual(told, [
      { type: 'failed', message: `There is no catalog ${join(directory, 'catalog.db')}.` },
    ]);
  });
});
