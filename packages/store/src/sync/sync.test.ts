/** `sync` between stores in memory, and between stores that misbehave. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { bytesSource, collect } from '../body.ts';
import { StoreError } from '../errors.ts';
import { prefix } from '../layers/prefix.ts';
import { memory } from '../memory.ts';
import type { ListEntry, ListOptions, ObjectStore } from '../object-store.ts';
import { toStore } from '../store.ts';
import type { Store } from '../store.ts';
import { sync } from './sync.ts';
import type { SyncOptions } from './sync.ts';
import type { SyncRecord } from './sync-record.ts';

type Objects = Readonly<Record<string, string>>;

async function filled(objects: Objects): Promise<Store> {
  const store = memory();
  for (const [key, text] of Object.entries(objects)) await store.put(key, text);
  return store;
}

async function contents(store: ObjectStore): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const entry of store.list()) {
    if (entry.type !== 'object') continue;
    const bytes = await collect((await store.get(entry.key)).body);
    found.set(entry.key, new TextDecoder().decode(bytes));
  }
  return found;
}

/** `key: action reason` of each, in the order of keys. */
async function told(from: ObjectStore, to: ObjectStore, options?: SyncOptions): Promise<string[]> {
  const records: SyncRecord[] = [];
  for await (const record of sync(from, to, options)) records.push(record);
  return records
    .map(({ key, action, reason, error }) => `${key}: ${error?.code ?? action} ${reason}`)
    .sort((a, b) => (a < b ? -1 : 1));
}

/** A store with some calls of its own. */
function but(store: ObjectStore, own: Partial<ObjectStore>): ObjectStore {
  return new Proxy(toStore(store).inner, {
    get: (target, name): unknown => {
      const value: unknown = own[name as keyof ObjectStore] ?? Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const keys = fc.string({
  unit: fc.constantFrom('a', 'b', '/', 'é', '\u{1f6b0}', '\uffee'),
  minLength: 1,
  maxLength: 3,
});
const objects = fc.dictionary(keys, fc.string({ maxLength: 3 }), { maxKeys: 20 });

suite('sync', () => {
  test('makes the target like the source, as a model says, and has nothing to do after that', async () => {
    const modes = fc.record({
      delete: fc.boolean(),
      dryRun: fc.boolean(),
      concurrency: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(objects, objects, modes, async (source, target, mode) => {
        const [from, to] = [await filled(source), await filled(target)];
        const before = await contents(to);
        const options = { ...mode, compare: 'checksum' } as const;
        const records = await told(from, to, options);
        const expected = new Map(mode.delete ? [] : before);
        for (const [key, text] of Object.entries(source)) expected.set(key, text);
        const extras = [...before.keys()].filter((key) => !(key in source)).length;
        assert.equal(records.length, Object.keys(source).length + (mode.delete ? extras : 0));
        if (mode.dryRun) {
          assert.deepEqual(await contents(to), before);
          const really = await told(from, to, { ...options, dryRun: false });
          assert.deepEqual(really, records, 'a dry run tells what is done');
        }
        assert.deepEqual(
          await contents(to),
          new Map([...expected].sort(([a], [b]) => Buffer.from(a).compare(Buffer.from(b)))),
        );
        for (const compare of ['checksum', undefined, 'mtime', 'size'] as const) {
          const again = await sync(from, to, { ...mode, compare }).finish();
          const { copied, updated, deleted, failed, bytes } = again;
          assert.deepEqual(
            { copied, updated, deleted, failed, bytes },
            { copied: 0, updated: 0, deleted: 0, failed: 0, bytes: 0 },
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  test('what differs by size, by time, by etag', async () => {
    const from = await filled({ a: '1', b: '22', c: 'new' });
    const to = await filled({ a: '1', b: '2', d: 'extra' });
    assert.deepEqual(await told(from, to), ['a: skip same', 'b: update size', 'c: copy missing']);
    await from.put('a', '3');
    const past = but(to, {
      async *list(options?: ListOptions): AsyncGenerator<ListEntry> {
        for await (const entry of to.list(options))
          yield { ...entry, ...(entry.type === 'object' ? { lastModified: new Date(0) } : {}) };
      },
    });
    assert.deepEqual(await told(from, past, { filter: (key) => key === 'a' }), ['a: update older']);
    assert.deepEqual(await told(from, past, { compare: 'size', prefix: 'a' }), ['a: skip same']);
    const withEtag = (store: ObjectStore, etag: string): ObjectStore =>
      but(store, {
        async *list(options?: ListOptions): AsyncGenerator<ListEntry> {
          for await (const entry of store.list(options))
            yield { ...entry, ...(entry.type === 'object' ? { etag } : {}) };
        },
      });
    const dry = { prefix: 'a', dryRun: true };
    const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
    assert.deepEqual(await told(withEtag(from, md5), withEtag(past, md5), dry), ['a: skip same']);
    assert.deepEqual(await told(withEtag(from, md5), withEtag(to, md5.replace('d', 'e')), dry), [
      'a: update etag',
    ]);
    assert.deepEqual(
      await told(withEtag(from, '1'), withEtag(past, '1'), dry),
      ['a: update older'],
      'equal by chance',
    );
    assert.deepEqual(await told(withEtag(from, '1'), withEtag(past, '1'), { ...dry, compare: 'etag' }), [
      'a: skip same',
    ]);
  });

  test('attributes are carried, and left behind when told so', async () => {
    const from = memory();
    await from.put('a', 'x', { attributes: { contentType: 'text/plain', metadata: { by: 'me' } } });
    await from.put('large', new Uint8Array(3_000_000), { attributes: { contentType: 'image/png' } });
    const [with_, without] = [memory(), memory()];
    await sync(from, with_).finish();
    await sync(from, without, { attributes: false }).finish();
    assert.equal((await with_.head('a')).attributes.metadata?.['by'], 'me');
    assert.equal((await with_.head('large')).attributes.contentType, 'image/png');
    assert.equal((await with_.head('large')).size, 3_000_000);
    assert.deepEqual((await without.head('a')).attributes, {});
  });

  test('between two views of one store objects are copied inside it', async () => {
    const store = await filled({ 'a/1': 'one', 'a/2': 'two' });
    const inner = but(store, { get: () => Promise.reject(new StoreError('Unexpected', 'bytes came here')) });
    const summary = await sync(prefix('a/', inner), prefix('b/', prefix('c/', inner))).finish();
    assert.equal(summary.copied, 2);
    assert.equal(await store.get('c/b/2').text(), 'two');
  });

  test('a key that the store does not find for a copy inside is copied through here', async () => {
    const store = await filled({ 'a/1': 'one', 'a/2': 'two', 'a/3': 'three' });
    const inner = but(store, {
      copy: async (from, to, options) => {
        if (from === 'a/3') await store.delete(from);
        if (from !== 'a/1') throw new StoreError('NotFound', 'there is no such key');
        return store.copy(from, to, options);
      },
    });
    assert.deepEqual(await told(prefix('a/', inner), prefix('b/', inner)), [
      '1: copy missing',
      '2: copy missing',
      '3: skip gone',
    ]);
    assert.equal(await store.get('b/2').text(), 'two');
  });

  test('a store into a part of itself only with a filter: it would copy its copies', async () => {
    const store = await filled({ a: '1', 'backup/old': '2' });
    const backup = prefix('backup/', store);
    assert.throws(() => sync(store, backup), { code: 'InvalidArgument' });
    assert.throws(() => sync(backup, store), { code: 'InvalidArgument' });
    const filter = (key: string): boolean => !key.startsWith('backup/');
    assert.equal((await sync(store, backup, { filter, delete: true }).finish()).deleted, 1);
    assert.deepEqual([...(await contents(store)).keys()], ['a', 'backup/a']);
  });

  test('a copier of the caller’s is given what both have, and filters see objects', async () => {
    const from = await filled({
      changed: 'new text',
      gone: '!',
      huge: 'x'.repeat(100),
      missing: 'm',
      broken: 'b',
    });
    const to = await filled({ changed: 'old', extra: 'e', 'extra huge': 'x'.repeat(100) });
    const seen: string[] = [];
    const options: SyncOptions = {
      delete: true,
      concurrency: 1,
      filter: (key, { size }) => size < 100 && key !== 'none',
      copy: async (source, target, signal) => {
        assert.equal(signal.aborted, false);
        seen.push(`${source.key} ${source.size} over ${target?.size}`);
        if (source.key === 'gone') return undefined;
        if (source.key === 'broken') throw new StoreError('Corrupt', 'it is');
        return to.put(source.key, from.get(source.key));
      },
    };
    assert.deepEqual(await told(from, to, { ...options, dryRun: true }), [
      'broken: copy missing',
      'changed: update size',
      'extra: delete extra',
      'gone: copy missing',
      'missing: copy missing',
    ]);
    assert.deepEqual(seen, []);
    assert.deepEqual(await told(from, to, options), [
      'broken: Corrupt missing',
      'changed: update size',
      'extra: delete extra',
      'gone: skip gone',
      'missing: copy missing',
    ]);
    assert.deepEqual(seen, [
      'broken 1 over undefined',
      'changed 8 over 3',
      'gone 1 over undefined',
      'missing 1 over undefined',
    ]);
    assert.deepEqual([...(await contents(to)).keys()], ['changed', 'extra huge', 'missing']);
  });

  test('keys that fail do not stop the others, and are told', async () => {
    const from = await filled({ a: 'a', b: 'b', c: 'c', d: 'd' });
    const to = await filled({ x: 'x', y: 'y' });
    const target = but(to, {
      put: (key, body, options) =>
        key === 'b' ? Promise.reject(new StoreError('InvalidKey', 'too long')) : to.put(key, body, options),
      async *delete(some, options) {
        for await (const result of to.delete(some, options)) {
          if (result.key === 'x') yield { key: 'x', error: new StoreError('PermissionDenied', 'no') };
          else yield result;
        }
      },
    });
    const running = sync(from, target, { delete: true });
    const { isComplete, copied, deleted, failed } = await running.finish();
    assert.deepEqual(
      { isComplete, copied, deleted, failed },
      { isComplete: true, copied: 3, deleted: 1, failed: 2 },
    );
    assert.deepEqual(await told(from, target, { delete: true }), [
      'a: skip same',
      'b: InvalidKey missing',
      'c: skip same',
      'd: skip same',
    ]);
  });

  test('a listing that fails, or is out of order, deletes nothing', async () => {
    const from = await filled({ a: 'a', b: 'b', m: 'm', z: 'z' });
    const listing = (end: (entries: ListEntry[]) => AsyncGenerator<ListEntry>): ObjectStore =>
      but(from, {
        async *list(options?: ListOptions): AsyncGenerator<ListEntry> {
          yield* end(await Array.fromAsync(from.list(options)));
        },
      });
    const cut = listing(async function* (entries) {
      yield* entries.slice(0, 2);
      await Promise.reject(new StoreError('Unavailable', 'the line is cut'));
    });
    const swapped = listing(async function* ([a, b, m, z]) {
      for (const entry of [a, z, b, m]) if (entry !== undefined) yield await Promise.resolve(entry);
    });
    const twice = listing(async function* (entries) {
      for (const entry of entries) for (let i = 0; i < 2; i++) yield await Promise.resolve(entry);
    });
    for (const [source, code] of [
      [cut, 'Unavailable'],
      [swapped, 'Unexpected'],
      [twice, 'Unexpected'],
    ] as const) {
      const to = await filled({ c: 'c', m: 'm', zz: 'zz' });
      const running = sync(source, to, { delete: true });
      await assert.rejects(running.finish(), { code });
      assert.equal(running.summary.deleted, 0);
      assert.equal(running.summary.isComplete, false);
      assert.equal(await to.exists('c'), true);
    }
  });

  test('a source that changes while it is copied is copied from one state, or gone', async () => {
    const from = memory();
    await from.put('changes', new Uint8Array(2_000_000).fill(1));
    await from.put('goes', new Uint8Array(2_000_000).fill(1));
    await from.put('keeps changing', new Uint8Array(2_000_000).fill(1));
    let changes = 0;
    const source = but(from, {
      get: async (key, options) => {
        // After it was looked at, and before its bytes are asked for.
        if (options?.range !== undefined && key === 'goes') await from.delete(key);
        const isRead = options?.range !== undefined;
        const isChanging = key === 'keeps changing' || (key === 'changes' && isRead && changes++ === 0);
        if (isRead && isChanging) await from.put(key, new Uint8Array(2_000_000).fill(2));
        return from.get(key, options);
      },
    });
    const to = memory();
    const records = await told(source, to);
    assert.deepEqual(records, [
      'changes: copy missing',
      'goes: skip gone',
      'keeps changing: PreconditionFailed missing',
    ]);
    assert.deepEqual([...(await contents(to)).keys()], ['changes']);
  });

  test('stops when it is told to, by its signal or by leaving, and a second run does the rest', async () => {
    const all: Record<string, string> = {};
    for (let i = 0; i < 200; i++) all[`k${i}`] = `${i}`;
    const [from, to] = [await filled(all), memory()];
    const control = new AbortController();
    const running = sync(from, to, {
      signal: control.signal,
      onProgress: ({ copied }) => {
        if (copied === 20) control.abort();
      },
    });
    await assert.rejects(running.finish(), { code: 'Aborted' });
    // What was under way and came to its end is told, and nothing else.
    assert.equal(running.summary.copied, (await contents(to)).size);
    assert.deepEqual([running.summary.failed, running.summary.isComplete], [0, false]);
    let left = 0;
    for await (const _ of sync(from, to, { concurrency: 4 })) if (++left === 50) break;
    const before = (await contents(to)).size;
    assert.ok(before >= 20 && before < 200);
    const { copied, skipped } = await sync(from, to).finish();
    assert.deepEqual({ copied, skipped }, { copied: 200 - before, skipped: before });
  });

  test('more is deleted than is kept in memory, and nothing else', async () => {
    const to = memory();
    for (let i = 0; i < 10_500; i++) await to.put(`k${String(i).padStart(6, '0')}`, '');
    const from = await filled({ k000003: '', k010400: '' });
    const options = { delete: true, compare: 'size', filter: (key: string) => key !== 'k010499' } as const;
    const dry = await sync(from, to, { ...options, dryRun: true }).finish();
    const { deleted, skipped, failed } = await sync(from, to, options).finish();
    assert.deepEqual({ deleted, skipped, failed }, { deleted: 10_497, skipped: 2, failed: 0 });
    assert.equal(dry.deleted, deleted);
    assert.deepEqual(await Array.fromAsync(to.keys()), ['k000003', 'k010400', 'k010499']);
  });

  test('runs ahead of what was told by no more than what is under way, however many keys there are', async () => {
    const count = 20_000;
    let listed = 0;
    const many = (every: number): ObjectStore =>
      but(memory(), {
        async *list(): AsyncGenerator<ListEntry> {
          for (let i = 0; i < count; i++) {
            if (every > 1) listed++;
            const key = `k${String(i).padStart(10, '0')}`;
            if (i % every === 0) yield { type: 'object', key, size: 1, lastModified: new Date(0) };
          }
          await Promise.resolve();
        },
        put: (key) => Promise.resolve({ key, size: 1, etag: '1', lastModified: new Date(0), attributes: {} }),
        get: (key) =>
          Promise.resolve({
            info: { key, size: 1, etag: '1', lastModified: new Date(0), attributes: {} },
            range: { start: 0, end: 1 },
            body: bytesSource(new Uint8Array(1)).open(),
            close: () => Promise.resolve(),
            [Symbol.asyncDispose]: () => Promise.resolve(),
          }),
      });
    let [told_, ahead] = [0, 0];
    const running = sync(many(1), many(2), { concurrency: 8 });
    for await (const { action } of running) {
      ahead = Math.max(ahead, listed - ++told_);
      assert.ok(action === 'copy' || action === 'skip');
    }
    assert.equal(running.summary.copied, count / 2);
    assert.equal(running.summary.skipped, count / 2);
    assert.ok(ahead <= 8 + 2, `${ahead} keys were listed and not told`);
  });
});
