/** How what was planned is worked off: how much at once, what stops it, and what is counted. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { memory, StoreError } from '@cistern/store';
import type { StoreErrorCode } from '@cistern/store';
import type { OpenPlace } from '../places/places.ts';
import { Progress } from '../terminal/progress.ts';
import type { Job } from './job.ts';
import { runTransfers } from './run-transfers.ts';
import type { Act, RunOptions, Tally } from './run-transfers.ts';

const store = memory();
const open: OpenPlace = {
  place: { text: 'mem:', kind: 'memory', bucket: '', path: '', key: '', isFolder: true },
  store,
  key: '',
  isFolder: true,
  service: undefined,
  name: (key) => `mem:${key}`,
};

function job(key: string, size: number): Job {
  const source = { type: 'object', key, size, lastModified: new Date(0) } as const;
  return { from: open, source, to: open, key, target: undefined };
}

async function* jobs(count: number, size: number): AsyncGenerator<Job> {
  for (let i = 0; i < count; i++) yield await Promise.resolve(job(String(i), size));
}

function run(planned: AsyncIterable<Job>, act: Act, options: Partial<RunOptions> = {}): Promise<Tally> {
  const { signal } = new AbortController();
  return runTransfers(planned, act, {
    signal,
    progress: new Progress(),
    onRecord: () => undefined,
    ...options,
  });
}

/** An act that notes how many are under way at once. */
function counting(): { act: Act; most: () => number } {
  let now = 0;
  let most = 0;
  const act: Act = async () => {
    most = Math.max(most, ++now);
    await turn();
    now--;
    return { action: 'copied' };
  };
  return { act, most: () => most };
}

const failing =
  (code: StoreErrorCode): Act =>
  async () => {
    await turn();
    throw new StoreError(code, 'no', { operation: 'put' });
  };

suite('transfers', () => {
  test('many small ones at once, few large ones, or as many as was asked for', async () => {
    for (const [size, concurrency, expected] of [
      [100, undefined, 32],
      [10 ** 9, undefined, 2],
      [10 ** 9, 5, 5],
    ] as const) {
      const { act, most } = counting();
      const tally = await run(jobs(100, size), act, { concurrency });
      assert.equal(tally.copied, 100);
      assert.equal(most(), expected, `${size} bytes`);
    }
  });

  test('one that fails does not stop the others; those that are kept to be told are bounded', async () => {
    const progress = new Progress();
    const records: string[] = [];
    const act: Act = async ({ key }, _, signal) => {
      if (Number(key) % 2 === 0) return { action: 'skipped' };
      return failing('PermissionDenied')(job(key, 1), progress.begin('', 0), signal);
    };
    const tally = await run(jobs(4000, 1), act, {
      progress,
      onRecord: ({ done, error }) => void records.push(done?.action ?? (error as StoreError).code),
    });
    assert.deepEqual([tally.skipped, tally.failed, tally.failures.length], [2000, 2000, 1000]);
    assert.deepEqual([tally.remaining, tally.isPlanned, tally.stoppedBy], [0, true, undefined]);
    assert.equal(records.length, 4000);
    const { objects } = progress.snapshot();
    assert.equal(objects.skipped, 2000);
  });

  test('what would fail them all ends it: a full disk at once, a service out of reach after a while', async () => {
    const full = await run(jobs(4000, 1), failing('StorageFull'));
    assert.ok(full.failed <= 32 && full.stoppedBy instanceof StoreError);
    assert.equal(full.stoppedBy.code, 'StorageFull');
    const away = await run(jobs(4000, 1), failing('Unavailable'));
    assert.ok(away.failed >= 32 && away.failed <= 64, `${away.failed}`);
    const nowhere = await run(jobs(4000, 1), failing('NotFound'));
    assert.ok(nowhere.failed <= 32, 'there is no such bucket');
    const now: Act = (one, item, signal) =>
      Number(one.key) % 20 === 0
        ? Promise.resolve({ action: 'copied' })
        : failing('Unavailable')(one, item, signal);
    const mixed = await run(jobs(400, 1), now, { concurrency: 1 });
    assert.deepEqual([mixed.copied, mixed.failed, mixed.stoppedBy], [20, 380, undefined]);
  });

  test('a signal stops it in order: what is under way ends first, and has not failed', async () => {
    const stop = new AbortController();
    let underWay = 0;
    const act: Act = async (one, _, signal) => {
      underWay++;
      try {
        if (one.key === '40') stop.abort(new Error('enough'));
        await turn();
        signal.throwIfAborted();
        return { action: 'copied' };
      } finally {
        underWay--;
      }
    };
    const tally = await run(jobs(1000, 1), act, { signal: stop.signal });
    assert.equal(underWay, 0);
    assert.equal(tally.failed, 0);
    assert.ok(tally.copied <= 40 && tally.remaining > 0, `${tally.copied}`);
  });

  test('a plan that breaks off is told, and what was planned before is done', async () => {
    async function* broken(): AsyncGenerator<Job> {
      yield* jobs(50, 1);
      throw new StoreError('Unavailable', 'the listing broke off');
    }
    const tally = await run(broken(), counting().act);
    assert.ok(tally.stoppedBy instanceof StoreError);
    assert.equal(tally.isPlanned, false);
    assert.equal(tally.remaining, 0);
    assert.equal(tally.copied, 50);
  });
});
