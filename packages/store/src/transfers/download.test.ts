/** Objects into files of plain folders: whole or not at all, and gone on with after any failure. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { StoreError } from '../errors.ts';
import { intercept } from '../layers/intercept.testing.ts';
import { local } from '../local.ts';
import { memory } from '../memory.ts';
import type { GetOptions, ObjectRead, ObjectStore } from '../object-store.ts';
import type { Store } from '../store.ts';
import { rejects } from '../testing/context.ts';
import { MemoryJournal } from './journal.testing.ts';
import { PARTIAL_SUFFIX } from './local-target.ts';
import { transfer } from './transfer.ts';
import type { TransferOptions, TransferResult } from './transfer.ts';

const MIB = 1024 * 1024;
const SIZE = 6 * MIB + 123;
const PARTIAL = `.file${PARTIAL_SUFFIX}`;

let folder: string;
let to: Store;
let from: Store;
let journal: MemoryJournal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cistern-transfer-'));
  to = local(folder);
  from = memory();
  journal = new MemoryJournal();
});
afterEach(async () => {
  await to.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Ranges of 2 MiB, so that there are several. */
function run(source: ObjectStore, options: TransferOptions = {}, size = SIZE): Promise<TransferResult> {
  return transfer(source, { key: 'a', size }, to, 'file', { journal, partSize: 2 * MIB, ...options });
}

function file(): Buffer {
  return readFileSync(join(folder, 'file'));
}

/** A store whose reads of ranges fail once `chunks` chunks of them have come, or do as `act` says. */
function failing(chunks: number, act: () => void = fail): { store: ObjectStore; seen: () => number } {
  let seen = 0;
  const get = async (key: string, options?: GetOptions): Promise<ObjectRead> => {
    const read = await from.inner.get(key, options);
    async function* body(): AsyncGenerator<Uint8Array> {
      for await (const chunk of read.body) {
        // In pieces, as a network has them.
        for (let start = 0; start < chunk.byteLength; start += 300_000) {
          if (++seen > chunks) act();
          yield chunk.subarray(start, start + 300_000);
        }
      }
    }
    return { ...read, body: options?.range === undefined ? read.body : body() };
  };
  // The same store, as far as a journal is concerned.
  const store = intercept(from, { get, toString: () => from.toString() });
  return { store, seen: () => seen };
}

function fail(): never {
  throw new StoreError('Unavailable', 'planned');
}

suite('into files', () => {
  test('a small object is one read; its file has its time, and there is nothing else', async () => {
    const calls: string[] = [];
    const counted = intercept(from, {
      get: (...args) => {
        calls.push('get');
        return from.inner.get(...args);
      },
      readInto: (...args) => {
        calls.push('readInto');
        return from.inner.readInto(...args);
      },
    });
    const { lastModified } = await from.put('a', 'hello');
    const told: number[] = [];
    const done = await transfer(counted, { key: 'a', size: 5 }, to, 'below/it', {
      onBytes: (bytes) => told.push(bytes),
    });
    assert.deepEqual(calls, ['readInto']);
    assert.deepEqual(told, [5]);
    assert.equal(readFileSync(join(folder, 'below/it'), 'utf8'), 'hello');
    assert.deepEqual(readdirSync(join(folder, 'below')), ['it']);
    assert.equal(statSync(join(folder, 'below/it')).mtime.getTime(), lastModified.getTime());
    assert.deepEqual(done.info, await to.head('below/it'));
  });

  test('a listing that is old: the object has grown, shrunk, or gone', async () => {
    for (const [size, listed] of [
      [10, 3],
      [3, 10],
      [0, 3],
      [3, 0],
      [SIZE, 7],
      [7, SIZE],
    ] as const) {
      const bytes = randomBytes(size);
      await from.put('a', bytes);
      await run(from, {}, listed);
      assert.ok(file().equals(bytes), `${listed} of ${size}`);
    }
    await from.delete('a');
    await assert.rejects(run(from), { code: 'NotFound', key: 'a' });
    await rejects(run(from, {}, 3), 'NotFound');
    assert.deepEqual(readdirSync(folder), ['file']);
  });

  test('a large one comes in ranges, so many at once, and has its time', async () => {
    const bytes = randomBytes(SIZE);
    const { lastModified } = await from.put('a', bytes);
    let [open, most, moved] = [0, 0, 0];
    const get = async (key: string, options?: GetOptions): Promise<ObjectRead> => {
      const read = await from.inner.get(key, options);
      if (options?.head === true) return read;
      most = Math.max(most, ++open);
      const close = (): Promise<void> => {
        open--;
        return read.close();
      };
      return { ...read, close, [Symbol.asyncDispose]: close };
    };
    const counted = intercept(from, { get });
    const onBytes = (count: number): void => void (moved += count);
    const done = await run(counted, { concurrency: 2, durable: true, onBytes });
    assert.ok(file().equals(bytes));
    assert.equal(statSync(join(folder, 'file')).mtime.getTime(), lastModified.getTime());
    assert.equal(moved, SIZE);
    assert.equal(most, 2);
    assert.deepEqual(readdirSync(folder), ['file']);
    assert.equal(journal.texts.size, 0);
    assert.deepEqual(done, {
      info: await to.head('file'),
      resumedBytes: 0,
      serverSide: false,
      verified: 'size',
    });
  });

  test('wherever it breaks off, the next run goes on from there', async () => {
    const bytes = randomBytes(SIZE);
    await from.put('a', bytes);
    for (let chunks = 0; ; chunks += 3) {
      const first = failing(chunks);
      const broken = await run(first.store).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (broken === undefined) {
        assert.ok(chunks > 20, 'it broke off often');
        break;
      }
      assert.deepEqual(readdirSync(folder), [PARTIAL], 'nothing has the name of the file');
      const second = failing(Number.POSITIVE_INFINITY);
      let [again, fresh] = [0, 0];
      const done = await run(second.store, {
        onBytes: (count, isResumed) => void (isResumed ? (again += count) : (fresh += count)),
      });
      assert.ok(file().equals(bytes));
      assert.equal(done.resumedBytes, again);
      assert.equal(again + fresh, SIZE);
      // All but the blocks that were under way, of which there are no more than ranges at once.
      assert.ok(again >= chunks * 300_000 - 4 * MIB - 4 * 300_000, `${again} of ${chunks} chunks`);
      if (chunks > 20) assert.ok(again > 0);
      rmSync(join(folder, 'file'));
    }
  });

  test('a signal stops it in order, and the next run goes on', async () => {
    const bytes = randomBytes(SIZE);
    await from.put('a', bytes);
    const control = new AbortController();
    const { store } = failing(15, () => control.abort(new Error('enough')));
    await rejects(run(store, { signal: control.signal, concurrency: 1 }), 'Aborted');
    const { resumedBytes } = await run(from);
    assert.ok(resumedBytes >= MIB, `${resumedBytes}`);
    assert.ok(file().equals(bytes));
  });

  test('without a journal nothing is left of one that fails', async () => {
    await from.put('a', randomBytes(SIZE));
    await rejects(run(failing(9).store, { journal: undefined }), 'Unavailable');
    assert.deepEqual(readdirSync(folder), []);
  });

  test('a journal that cannot be written is as none', async () => {
    await from.put('a', randomBytes(SIZE));
    const full: MemoryJournal = new MemoryJournal();
    full.write = () => Promise.reject(new Error('full'));
    full.remove = () => Promise.reject(new Error('full'));
    await rejects(run(failing(9).store, { journal: full }), 'Unavailable');
    assert.deepEqual(readdirSync(folder), []);
    assert.equal((await run(from, { journal: full })).info.size, SIZE);
  });

  test('a source that changed between two runs is fetched anew', async () => {
    await from.put('a', randomBytes(SIZE));
    await rejects(run(failing(15).store), 'Unavailable');
    const bytes = randomBytes(SIZE);
    await from.put('a', bytes);
    assert.equal((await run(from)).resumedBytes, 0);
    assert.ok(file().equals(bytes));
  });

  test('one that changes while it is fetched is fetched anew, and what was counted is taken back', async () => {
    await from.put('a', randomBytes(SIZE));
    const bytes = randomBytes(SIZE - 99);
    let changing: Promise<unknown> | undefined;
    const { store } = failing(8, () => void (changing ??= from.put('a', bytes)));
    let moved = 0;
    await run(store, { concurrency: 1, onBytes: (count) => void (moved += count) });
    assert.ok(file().equals(bytes));
    assert.equal(moved, bytes.byteLength);
    assert.deepEqual(readdirSync(folder), ['file']);
  });

  test('what was damaged on the disk is fetched again, and only that', async () => {
    const bytes = randomBytes(SIZE);
    await from.put('a', bytes);
    await rejects(run(failing(21, fail).store, { concurrency: 1 }), 'Unavailable');
    const path = join(folder, PARTIAL);
    const partial = readFileSync(path);
    assert.ok(partial.byteLength > 4 * MIB);
    partial[MIB + 5] = (partial[MIB + 5] ?? 0) ^ 1;
    writeFileSync(path, partial);
    const { resumedBytes } = await run(from);
    assert.ok(resumedBytes >= 3 * MIB && resumedBytes <= SIZE - MIB, `${resumedBytes}`);
    assert.ok(file().equals(bytes));
  });

  test('a partial file that was cut, has grown, has gone or is a link', async () => {
    const bytes = randomBytes(SIZE);
    await from.put('a', bytes);
    const elsewhere = join(folder, 'elsewhere');
    writeFileSync(elsewhere, 'mine');
    const path = join(folder, PARTIAL);
    const spoil: readonly (() => void)[] = [
      () => writeFileSync(path, readFileSync(path).subarray(0, 1000)),
      () => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(SIZE)])),
      () => rmSync(path),
      () => {
        rmSync(path);
        symlinkSync(elsewhere, path);
      },
    ];
    for (const act of spoil) {
      await rejects(run(failing(20).store), 'Unavailable');
      act();
      await run(from);
      assert.ok(file().equals(bytes));
      assert.equal(readFileSync(elsewhere, 'utf8'), 'mine');
    }
  });

  test('a journal of which anything may be wrong', async () => {
    const bytes = randomBytes(SIZE);
    await from.put('a', bytes);
    await rejects(run(failing(15).store), 'Unavailable');
    const [[name, text] = ['', '']] = journal.texts;
    const fields = JSON.parse(text) as Record<string, unknown>;
    const spoilt = (change: object): string => JSON.stringify({ ...fields, ...change });
    const all = `${MIB} ${Array(7).fill('1').join(',')}`;
    const texts = ['', '{', 'null', '7', '[]', '{}', spoilt({ etag: 1 }), spoilt({ size: 1 })];
    for (const one of [
      ...texts,
      spoilt({ kind: 'upload 1' }),
      spoilt({ blocks: 7 }),
      spoilt({ blocks: all }),
    ]) {
      journal.texts.set(name, one);
      assert.equal((await run(from)).resumedBytes, 0, one);
      assert.ok(file().equals(bytes), one);
    }
  });

  test('create replaces nothing, however late something comes', async () => {
    await from.put('a', randomBytes(SIZE));
    await from.put('b', 'small');
    writeFileSync(join(folder, 'file'), 'mine');
    const { store, seen } = failing(Number.POSITIVE_INFINITY);
    await rejects(run(store, { mode: 'create' }), 'AlreadyExists');
    assert.equal(seen(), 0, 'no byte was moved');
    await rejects(transfer(from, { key: 'b', size: 5 }, to, 'file', { mode: 'create' }), 'AlreadyExists');

    rmSync(join(folder, 'file'));
    const late = failing(20, () => writeFileSync(join(folder, 'file'), 'mine'));
    await rejects(run(late.store, { mode: 'create' }), 'AlreadyExists');
    assert.equal(file().toString(), 'mine');
    assert.deepEqual(readdirSync(folder), ['file']);
    assert.equal(journal.texts.size, 0);

    const racing = await Promise.allSettled(
      ['x', 'y', 'z'].map(async (text) => {
        await from.put(text, text);
        return transfer(from, { key: text, size: 1 }, to, 'one', { mode: 'create' });
      }),
    );
    assert.equal(racing.filter(({ status }) => status === 'fulfilled').length, 1);
    await rejects(run(from, { mode: { ifMatch: 'e' } }), 'Unsupported');
  });

  test('a folder is not replaced by a file, and long names have partial ones, too', async () => {
    const name = 'n'.repeat(255);
    for (const size of [10, SIZE]) {
      await from.put('a', new Uint8Array(size));
      await transfer(from, { key: 'a', size }, to, name, { journal });
      assert.equal(statSync(join(folder, name)).size, size);
    }
    assert.deepEqual(readdirSync(folder), [name]);
  });
});
