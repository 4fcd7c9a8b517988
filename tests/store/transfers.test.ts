/** Transfers to services and from them, in parts: gone on with after any failure, and never made of other bytes than the source's. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isStoreError, memory } from '@cistern/store';
import type { Store, StoreErrorCode } from '@cistern/store';
import { azure, azureService } from '@cistern/store/azure';
import { limit, observe, prefix, readonly, retry } from '@cistern/store/layers';
import { local } from '@cistern/store/local';
import { s3 } from '@cistern/store/s3';
import type { S3Options } from '@cistern/store/s3';
import { PARTS, transfer } from '@cistern/store/transfers';
import type {
  Journal,
  PartTarget,
  TakesParts,
  TransferOptions,
  TransferResult,
} from '@cistern/store/transfers';
import { startAzurite, withoutAzurite } from '../support/azurite.ts';
import { startHttpFaults } from '../support/http-faults.ts';
import { needsPeakMemory } from '../support/peak-memory.ts';
import { REGION, startTestServer } from '../support/server.ts';
import { needsS3rver, startS3rver } from '../support/s3rver.ts';
import type { TransferGrowth, TransferTask } from './transfer-program.ts';

const MIB = 1024 * 1024;
/** What S3 takes for a part, at least. */
const PART = 5 * MIB;
const SIZE = 3 * PART + 4321;

const { s3: server } = await startTestServer({ buckets: ['box', 'other', 'faulty'] });
const faults = await startHttpFaults(server.endpoint);
const shared = { region: REGION, credentials: server.credentials, partSize: PART };
const box = s3({ ...shared, endpoint: server.endpoint, bucket: 'box' });
after(async () => {
  await box.close();
  await faults[Symbol.asyncDispose]();
});

function rejects(promise: Promise<unknown>, code: StoreErrorCode): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(isStoreError(error, code), `${code} was expected: ${String(error)}`);
    return true;
  });
}

class MapJournal extends Map<string, string> implements Journal {
  read(name: string): Promise<string | undefined> {
    return Promise.resolve(this.get(name));
  }
  write(name: string, text: string): Promise<void> {
    this.set(name, text);
    return Promise.resolve();
  }
  remove(name: string): Promise<void> {
    this.delete(name);
    return Promise.resolve();
  }
}

async function source(size = SIZE): Promise<{ from: Store; bytes: Buffer }> {
  const bytes = randomBytes(size);
  const from = memory();
  await from.put('a', bytes, { attributes: { contentType: 'film/x', metadata: { by: 'me' } } });
  return { from, bytes };
}

function partsOf(store: Store): PartTarget {
  const target = (store.inner as unknown as TakesParts)[PARTS];
  assert.ok(target !== undefined);
  return target;
}

/** Of the upload that a journal remembers. */
function idOf(journal: MapJournal): string {
  const [text = '{}'] = journal.values();
  return (JSON.parse(text) as { id: string }).id;
}

async function uploadsOf(bucket: string): Promise<number> {
  const { text } = await server.bucket('GET', bucket, { query: 'uploads' });
  return text.split('<Upload>').length - 1;
}

function holds(store: Store, key: string, bytes: Buffer): Promise<void> {
  return store
    .get(key)
    .bytes()
    .then((stored) => assert.ok(bytes.equals(stored)));
}

interface Target {
  readonly store: Store;
  readonly partSize: number;
  readonly verified: TransferResult['verified'];
  /** `false`: what is there cannot be asked for, and is sent again */
  readonly lists?: boolean;
  readonly close?: () => Promise<void>;
}

/** What holds of every store that takes parts. */
function resumes(name: string, skip: string | false, open: () => Promise<Target>): void {
  suite(`${name} as a target`, { skip }, () => {
    let target: Target;
    before(async () => {
      target = await open();
    });
    after(async () => {
      await target.store.close();
      await target.close?.();
    });

    const sized = (): number => 3 * target.partSize + 4321;

    test('stopped after any number of parts, it is gone on with by the next run', async () => {
      const { from, bytes } = await source(sized());
      const { store, partSize, verified, lists = true } = target;
      for (let parts = 0; parts <= 4; parts++) {
        const journal = new MapJournal();
        const control = new AbortController();
        let sent = 0;
        const counted = (stopAt: number): Store =>
          observe(
            {
              onEnd: ({ operation }, { error }) => {
                if (operation !== 'upload.write' || error !== undefined) return;
                if (++sent === stopAt) control.abort(new Error('enough'));
              },
            },
            store,
          );
        const run = (to: Store, options: TransferOptions): Promise<TransferResult> =>
          transfer(from, { key: 'a', size: sized() }, to, 'k', {
            journal,
            partSize,
            concurrency: 1,
            ...options,
          });
        if (parts === 0) {
          control.abort();
          await rejects(run(counted(0), { signal: control.signal }), 'Aborted');
          continue;
        }
        await rejects(run(counted(parts), { signal: control.signal }), 'Aborted');
        assert.equal(sent, parts);
        assert.equal(await store.exists('k'), false);
        sent = 0;
        const told = { fresh: 0, again: 0 };
        const done = await run(counted(0), {
          onBytes: (count, isResumed) => void (told[isResumed ? 'again' : 'fresh'] += count),
        });
        const there = lists ? parts : 0;
        assert.equal(sent, 4 - there, 'parts that are there are not sent again');
        assert.equal(done.resumedBytes, Math.min(there * partSize, sized()));
        assert.deepEqual(told, { again: done.resumedBytes, fresh: sized() - done.resumedBytes });
        assert.equal(done.verified, verified);
        await holds(store, 'k', bytes);
        assert.deepEqual((await store.head('k')).attributes.contentType, 'film/x');
        assert.equal(journal.size, 0);
        await store.delete('k');
      }
    });

    test('a part that somebody else has put there is sent again', async () => {
      const { from, bytes } = await source(sized());
      const { store, partSize } = target;
      const journal = new MapJournal();
      const control = new AbortController();
      const options = { journal, partSize, concurrency: 2 };
      const seen = observe(
        { onEnd: ({ operation }) => void (operation === 'upload.write' && control.abort()) },
        store,
      );
      const of = { key: 'a', size: sized() };
      await rejects(transfer(from, of, seen, 'w', { ...options, signal: control.signal }), 'Aborted');
      const object = { key: 'w', id: idOf(journal) };
      // Another length, and another content of the same length.
      await partsOf(store).send(object, 2, randomBytes(partSize - 1), {});
      await partsOf(store).send(object, 3, randomBytes(partSize), {});
      // Through other layers it is the same upload.
      const again = await transfer(from, of, limit({ concurrency: 9 }, retry(2, store)), 'w', options);
      assert.equal(again.resumedBytes > 0, target.lists !== false);
      await holds(store, 'w', bytes);
    });

    test('a source that has changed is begun anew', async () => {
      const { from, bytes } = await source(sized());
      const { store, partSize } = target;
      const journal = new MapJournal();
      let control = new AbortController();
      const options = { journal, partSize, concurrency: 1 };
      const seen = observe(
        { onEnd: ({ operation }) => void (operation === 'upload.write' && control.abort()) },
        store,
      );
      const of = { key: 'a', size: sized() };
      // Also where all that has changed is its time.
      for (const changed of [randomBytes(sized() - 9), bytes, bytes]) {
        control = new AbortController();
        const stopped = transfer(from, of, seen, 'c', { ...options, signal: control.signal });
        await rejects(stopped, 'Aborted');
        await from.put('a', changed);
        assert.equal((await transfer(from, of, seen, 'c', options)).resumedBytes, 0);
        await holds(store, 'c', changed);
      }
    });
  });
}

resumes('our own server', false, () =>
  Promise.resolve({
    store: retry(3, s3({ ...shared, endpoint: server.endpoint, bucket: 'other' })),
    partSize: PART,
    verified: 'crc32',
  }),
);

resumes('s3rver', needsS3rver, async () => {
  const { endpoint, credentials, close } = await startS3rver(['box']);
  const options = { endpoint, credentials, bucket: 'box', partBytesMin: MIB };
  return { store: prefix('below/', s3(options)), partSize: MIB, verified: 'size', lists: false, close };
});

resumes('Azure', withoutAzurite, async () => {
  const emulator = await startAzurite();
  const { endpoint, account, accountKey } = emulator;
  const options = { endpoint, account, accountKey };
  await using service = azureService(options);
  await service.createBucket('box');
  return {
    store: azure({ ...options, container: 'box' }),
    partSize: MIB,
    verified: 'size',
    close: () => emulator.stop(),
  };
});

suite('to S3 and from it', () => {
  test('what ended the transfer decides what stays of it', async () => {
    const { from, bytes } = await source();
    const to = s3({ ...shared, endpoint: faults.origin, bucket: 'faulty' });
    const isPart = (url = ''): boolean => url.includes('partNumber=3');
    const of = { key: 'a', size: SIZE };
    faults.rule = ({ url, method }) => (method === 'PUT' && isPart(url) ? 'busy' : 'pass');
    await rejects(transfer(from, of, to, 'k'), 'Unavailable');
    assert.equal(await uploadsOf('faulty'), 0, 'without a journal nothing stays');
    const journal = new MapJournal();
    await rejects(transfer(from, of, to, 'k', { journal, concurrency: 1 }), 'Unavailable');
    assert.equal(await uploadsOf('faulty'), 1);

    // Out of reach for a time is no reason to begin anew.
    faults.rule = ({ url }) => (url?.includes('max-parts') === true ? 'busy' : 'pass');
    await rejects(transfer(from, of, to, 'k', { journal }), 'Unavailable');
    assert.equal(await uploadsOf('faulty'), 1);
    faults.rule = () => 'pass';
    // Other attributes cannot be given to what has begun.
    const attributes = { contentType: 'a/b' };
    assert.equal((await transfer(from, of, to, 'k', { journal, attributes })).resumedBytes, 0);
    assert.equal((await to.head('k')).attributes.contentType, 'a/b');
    assert.equal(await uploadsOf('faulty'), 0, 'what was begun with others was aborted');
    await holds(to, 'k', bytes);
    await to.close();
  });

  test('each part is tried again by itself', async () => {
    const { from, bytes } = await source();
    const to = retry(
      { attempts: 3, waitBaseMs: 1 },
      s3({ ...shared, endpoint: faults.origin, bucket: 'box' }),
    );
    const sent: string[] = [];
    faults.rule = ({ url = '', method }) => {
      const number = /partNumber=(\d+)/.exec(url)?.[1];
      if (method !== 'PUT' || number === undefined) return 'pass';
      sent.push(number);
      return number === '2' && sent.filter((one) => one === '2').length === 1 ? 'lose-request' : 'pass';
    };
    const told: number[] = [];
    const onBytes = (count: number): void => void told.push(count);
    await transfer(from, { key: 'a', size: SIZE }, to, 'retried', { onBytes });
    assert.ok(Math.max(...told) < PART, 'parts are told of while they are sent');
    assert.equal(
      told.reduce((sum, count) => sum + count, 0),
      SIZE,
    );
    assert.deepEqual(sent.sort(), ['1', '2', '2', '3', '4']);
    await holds(box, 'retried', bytes);
    faults.rule = () => 'pass';
    await to.close();
  });

  test('a text that is old or wrong is not built upon', async () => {
    const { from, bytes } = await source();
    const of = { key: 'a', size: SIZE };
    const journal = new MapJournal();
    const stop = AbortSignal.abort();
    await rejects(transfer(from, of, box, 'g', { journal, signal: stop }), 'Aborted');
    assert.equal(journal.size, 0, 'nothing was begun');
    const control = new AbortController();
    const seen = observe(
      { onEnd: ({ operation }) => void (operation === 'upload.write' && control.abort()) },
      box,
    );
    await rejects(transfer(from, of, seen, 'g', { journal, signal: control.signal }), 'Aborted');
    const [[name, text] = ['', '']] = journal;
    const fields = JSON.parse(text) as Record<string, unknown>;
    // Of an upload that is there; of one that has ended from then on.
    const spoilt = [{ partSize: 1 }, {}, { id: 7 }, { attributes: 1 }];
    for (const change of spoilt) {
      journal.set(name, JSON.stringify({ ...fields, ...change }));
      const { resumedBytes } = await transfer(from, of, seen, 'g', { journal });
      assert.equal(resumedBytes, 0);
      await holds(box, 'g', bytes);
    }
    assert.equal(await uploadsOf('box'), 0);
  });

  test('so many parts at once, and the memory of no more', async () => {
    const { from } = await source();
    let [running, most] = [0, 0];
    const counted = observe(
      {
        onStart: ({ operation }) => {
          if (operation === 'upload.write') most = Math.max(most, ++running);
        },
        onEnd: ({ operation }) => {
          if (operation === 'upload.write') running--;
        },
      },
      box,
    );
    await transfer(from, { key: 'a', size: SIZE }, counted, 'bounded', { concurrency: 2 });
    assert.equal(most, 2);
  });

  test('of a large object there is little in memory, up and down', { skip: needsPeakMemory }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cistern-transfers-'));
    const options = { ...shared, endpoint: server.endpoint, bucket: 'box' };
    const task: TransferTask = { options, folder, size: 256 * MIB };
    const program = fileURLToPath(new URL('transfer-program.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(task)]);
    const { upMib, downMib } = JSON.parse(stdout) as TransferGrowth;
    assert.ok(upMib < 100, `${upMib} MiB up`);
    assert.ok(downMib < 100, `${downMib} MiB down`);
    assert.equal((await local(join(folder, 'down')).head('large')).size, 256 * MIB);
    rmSync(folder, { recursive: true });
  });

  test('create is kept on every way', async () => {
    const { from } = await source();
    const other = s3({ ...shared, endpoint: server.endpoint, bucket: 'other' });
    const of = { key: 'a', size: SIZE };
    await box.put('mine', 'mine');
    await box.put('small', 'x');
    const journal = new MapJournal();
    const create = { mode: 'create', journal } as const;
    await rejects(transfer(from, of, box, 'mine', create), 'AlreadyExists');
    await rejects(transfer(box, { key: 'small', size: 1 }, box, 'mine', create), 'AlreadyExists');
    await other.put('small', 'x');
    const between = transfer(other, { key: 'small', size: 1 }, prefix('mi', box), 'ne', create);
    await rejects(between, 'AlreadyExists');
    await rejects(transfer(other, { key: 'small', size: 1 }, readonly(box), 'new', create), 'Unsupported');
    assert.equal(await box.get('mine').text(), 'mine');
    assert.equal(journal.size, 0);
    assert.equal(await uploadsOf('box'), 0);
    const copied = await transfer(other, { key: 'small', size: 1 }, retry(3, box), 'new', create);
    assert.equal(copied.serverSide, true);
    const racing = await Promise.allSettled([1, 2, 3].map(() => transfer(from, of, box, 'raced', create)));
    assert.equal(racing.filter(({ status }) => status === 'fulfilled').length, 1);
    await other.close();
  });

  test('a service that decides no create is looked at before', async () => {
    const { from } = await source(9);
    const to = s3({ ...shared, endpoint: server.endpoint, bucket: 'box', conditionalPuts: false });
    await transfer(from, { key: 'a', size: 9 }, to, 'looked', { mode: 'create' });
    await rejects(transfer(from, { key: 'a', size: 9 }, to, 'looked', { mode: 'create' }), 'AlreadyExists');
    await to.close();
  });

  test('into a folder: by the checksum that the service keeps, and whole or not at all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cistern-transfers-'));
    const journal = new MapJournal();
    const to = local(folder);
    const bytes = randomBytes(SIZE);
    await box.put('down', bytes);
    const of = { key: 'down', size: SIZE };
    const through = (more: Partial<S3Options> = {}): Store =>
      s3({ ...shared, endpoint: faults.origin, bucket: 'box', ...more });
    const from = through();
    let requests: string[] = [];
    faults.rule = ({ method = '', headers: { range } }) => {
      requests.push(`${method} ${range ?? ''}`);
      return 'pass';
    };
    assert.equal((await transfer(from, of, to, 'down', { journal })).verified, 'crc32');
    assert.deepEqual(requests, ['HEAD ', 'GET bytes=0-8388607', `GET bytes=8388608-${SIZE - 1}`]);
    assert.ok(readFileSync(join(folder, 'down')).equals(bytes));

    requests = [];
    await box.put('tiny', 'x');
    await transfer(from, { key: 'tiny', size: 1 }, to, 'tiny', { journal });
    assert.deepEqual(requests, ['GET ']);

    faults.rule = ({ headers: { range } }) => (range === undefined ? 'pass' : 'flip-answer');
    await rejects(transfer(from, of, to, 'flipped', { journal }), 'Corrupt');
    assert.deepEqual(readdirSync(folder).sort(), ['down', 'tiny']);
    assert.equal(journal.size, 0);

    // An object of one piece without a CRC-32 has its MD5 for an ETag.
    await server.object('PUT', 'box', 'plain', { body: bytes.subarray(0, 2 * MIB) });
    const plain = { key: 'plain', size: 2 * MIB };
    const old = through({ checksums: false });
    await rejects(transfer(old, plain, to, 'flipped', { journal }), 'Corrupt');
    faults.rule = () => 'pass';
    assert.equal((await transfer(old, plain, to, 'plain', { journal })).verified, 'md5');
    await Promise.all([from.close(), old.close(), to.close()]);
    rmSync(folder, { recursive: true });
  });
});
