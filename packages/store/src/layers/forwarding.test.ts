/**
 * Every layer forwards every method of a store, with every option. What is called is checked by the compiler to be all there
 * is: a method or an option that is added to the interface has to be added here.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isStoreError } from '../errors.ts';
import type {
  Attributes,
  CopyOptions,
  GetOptions,
  ListOptions,
  ListUploadsOptions,
  ObjectStore,
  PresignOptions,
  PutOptions,
  ReadIntoOptions,
  UploadOptions,
} from '../object-store.ts';
import { collect } from '../body.ts';
import { drain, rejects } from '../testing/context.ts';
import type { CompleteOptions, FollowOptions, Upload, UploadReader } from '../upload.ts';
import { encrypt } from './encrypt.ts';
import { limit } from './limit.ts';
import { observe } from './observe.ts';
import { prefix } from './prefix.ts';
import { readonly } from './readonly.ts';
import { RecordingStore } from './recording.fixtures.ts';
import { retry } from './retry.ts';
import { LAYERS } from './table.fixtures.ts';

/** All options, each with a value. The signal has tests of its own. */
type All<T> = { readonly [name in Exclude<keyof T, 'signal'>]-?: Exclude<T[name], undefined> };
type Method = Exclude<keyof ObjectStore, 'capabilities' | 'toString' | typeof Symbol.asyncDispose>;

const ATTRIBUTES: All<Attributes> = {
  contentType: 'text/plain',
  cacheControl: 'no-store',
  contentDisposition: 'inline',
  contentEncoding: 'identity',
  contentLanguage: 'de',
  metadata: { colour: 'blue' },
};
const PUT: All<PutOptions> = { mode: { ifMatch: 'e' }, attributes: ATTRIBUTES, size: 5 };
const GET: All<GetOptions> = {
  range: { start: 1, end: 3 },
  ifMatch: 'e',
  ifNoneMatch: 'f',
  version: 'v',
  head: false,
};
const READ_INTO: All<ReadIntoOptions> = { ifMatch: 'e', version: 'v', whole: true, concurrency: 3, gap: 7 };
const LIST: All<ListOptions> = { prefix: 'p', startAfter: 'pa', delimiter: '/' };
const COPY: All<CopyOptions> = { mode: 'create', ifMatch: 'e', version: 'v', attributes: ATTRIBUTES };
const UPLOAD: All<UploadOptions> = { attributes: ATTRIBUTES, partSize: 50, concurrency: 2, resume: 'id' };
const LIST_UPLOADS: All<ListUploadsOptions> = { prefix: 'p' };
const PRESIGN: All<PresignOptions> = { method: 'GET', expiresS: 5, contentType: 'text/css' };
const COMPLETE: All<CompleteOptions> = { mode: 'create' };
const FOLLOW: All<FollowOptions> = { start: 2, pollMs: 9 };

interface Call {
  run: (store: ObjectStore, signal: AbortSignal | undefined) => Promise<unknown>;
  /** what the store behind is to be called with; keys by `key` */
  readonly args: (key: (name: string) => string) => readonly unknown[];
  readonly takesSignal: boolean;
}

const into = new Uint8Array(10);

const CALLS: Readonly<Record<Method, Call>> = {
  put: {
    run: (store, signal) => store.put('k', 'hello', { ...PUT, signal }),
    args: (key) => [key('k'), PUT],
    takesSignal: true,
  },
  get: {
    run: async (store, signal) => collect((await store.get('k', { ...GET, signal })).body),
    args: (key) => [key('k'), GET],
    takesSignal: true,
  },
  readInto: {
    run: (store, signal) => store.readInto('k', [{ start: 0, into }], { ...READ_INTO, signal }),
    args: (key) => [key('k'), [{ start: 0, into }], READ_INTO],
    takesSignal: true,
  },
  list: {
    run: (store, signal) => drain(store.list({ ...LIST, signal })),
    args: (key) => [{ prefix: key('p'), startAfter: key('pa'), delimiter: '/' }],
    takesSignal: true,
  },
  delete: {
    run: (store, signal) => drain(store.delete(['gone'], { signal })),
    args: () => [{}],
    takesSignal: true,
  },
  copy: {
    run: (store, signal) => store.copy('k', 'l', { ...COPY, signal }),
    args: (key) => [key('k'), key('l'), COPY],
    takesSignal: true,
  },
  upload: {
    run: (store, signal) => store.upload('u', { ...UPLOAD, signal }),
    args: (key) => [key('u'), UPLOAD],
    takesSignal: true,
  },
  openUpload: {
    run: (store, signal) => store.openUpload('u', 'id', { signal }),
    args: (key) => [key('u'), 'id', {}],
    takesSignal: true,
  },
  listUploads: {
    run: (store, signal) => drain(store.listUploads({ ...LIST_UPLOADS, signal })),
    args: (key) => [{ prefix: key('p') }],
    takesSignal: true,
  },
  presign: {
    run: (store) => store.presign('k', PRESIGN),
    args: (key) => [key('k'), PRESIGN],
    takesSignal: false,
  },
  close: { run: (store) => store.close(), args: () => [], takesSignal: false },
};

/** Without the signal, some others, and what is `undefined`. */
function plain(value: unknown, without: readonly string[] = []): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(
      ([name, one]) => name !== 'signal' && !without.includes(name) && one !== undefined,
    ),
  );
}

async function prepare(name: string): Promise<{ behind: RecordingStore; store: ObjectStore }> {
  const behind = new RecordingStore();
  const layer = LAYERS[name];
  assert.ok(layer !== undefined);
  const store = layer.wrap(behind);
  // What is read must have been written through the layer, as far as it lets one write.
  const writer = store.capabilities.write ? store : behind;
  await writer.put('k', 'hello');
  if (store.capabilities.uploads) {
    const up = await (store.capabilities.write ? store : behind).upload('u');
    await up.write('committed');
    await up.flush();
  }
  behind.calls.length = 0;
  return { behind, store };
}

for (const [name, layer] of Object.entries(LAYERS)) {
  const { key = (text: string) => text, refuses = [], changes = {} } = layer;
  suite(`${name} forwards`, () => {
    for (const [method, call] of Object.entries(CALLS) as [Method, Call][]) {
      test(`${method}, with all that it is given`, async () => {
        const { behind, store } = await prepare(name);
        if (refuses.includes(method)) {
          await rejects(call.run(store, undefined), 'Unsupported');
          assert.deepEqual(behind.calls, []);
          return;
        }
        await call.run(store, undefined);
        const change = changes[method];
        const found = behind.calls.find((one) => one.method === (change?.method ?? method));
        assert.ok(
          found,
          `the store behind was not called; only ${behind.calls.map((one) => one.method).join()}`,
        );
        const given = call.args(key);
        const wanted = change?.args?.(given) ?? given;
        const compared = (args: readonly unknown[]): unknown[] =>
          args.map((one) => plain(one, change?.options));
        assert.deepEqual(compared(found.args), compared(wanted));
        if (method === 'delete') {
          assert.ok(behind.calls.some((one) => one.method === 'deleted' && one.args[0] === key('gone')));
        }
      });

      if (!call.takesSignal || refuses.includes(method)) continue;
      test(`${method}, with a signal that fires`, async () => {
        const { behind, store } = await prepare(name);
        const control = new AbortController();
        const reason = new Error('enough');
        let reached: AbortSignal | undefined;
        behind.onCall = (options) => {
          control.abort(reason);
          reached ??= options?.signal;
          reached?.throwIfAborted();
        };
        await call.run(store, control.signal).catch((error: unknown) => {
          assert.ok(error === reason || isStoreError(error, 'Aborted'), String(error));
        });
        assert.equal(reached?.aborted, true, 'the signal of the store behind');
        assert.equal(reached.reason, reason);
      });
    }

    if (refuses.includes('openUpload')) return;
    test('the calls of readers of uploads', async () => {
      const { behind, store } = await prepare(name);
      const reader = await store.openUpload('u');
      const calls: Record<
        Exclude<keyof UploadReader, 'key' | 'id' | 'partSize' | 'committed' | symbol>,
        () => Promise<unknown>
      > = {
        refresh: () => reader.refresh(),
        read: () => drain(reader.read({ start: 1, end: 3 })),
        follow: () => drain(reader.follow(FOLLOW)),
        close: () => reader.close(),
      };
      for (const call of Object.values(calls)) await call();
      const found = (method: string): unknown[] | undefined =>
        behind.calls.find((one) => one.method === method)?.args.map((one) => plain(one));
      assert.ok(found('refresh'));
      assert.deepEqual(found('read')?.[0], { start: 1, end: 3 });
      assert.deepEqual(found('follow'), [FOLLOW]);
      assert.ok(found('closeReader'));
    });

    if (refuses.includes('upload')) return;
    test('the calls of uploads', async () => {
      const { behind, store } = await prepare(name);
      const first = await store.upload('x');
      const second = await store.upload('y');
      const third = await store.upload('z');
      const calls: Record<
        Exclude<keyof Upload, 'key' | 'id' | 'partSize' | 'committed' | symbol>,
        () => Promise<unknown>
      > = {
        write: () => first.write('one'),
        writeAll: () => first.writeAll('two'),
        flush: () => first.flush(),
        complete: () => first.complete(COMPLETE),
        abort: () => second.abort(),
        detach: () => third.detach(),
      };
      for (const call of Object.values(calls)) await call();
      for (const method of ['write', 'flush', 'abort', 'detach']) {
        assert.ok(
          behind.calls.some((one) => one.method === method),
          method,
        );
      }
      const complete = behind.calls.find((one) => one.method === 'complete');
      assert.deepEqual(
        complete?.args.map((one) => plain(one)),
        [COMPLETE],
      );
      assert.equal(await collect((await store.get('x')).body).then((bytes) => bytes.byteLength), 6);
    });
  });
}

suite('toString', () => {
  test('each layer says what it is and what it stands on', () => {
    for (const [name, { wrap, shown }] of Object.entries(LAYERS)) {
      assert.equal(wrap(new RecordingStore()).toString(), `${shown}recording())`, name);
    }
  });

  test('a stack is printed as one would write it', () => {
    const secret = new Uint8Array(32).fill(0x41);
    const stack = retry(
      5,
      observe(
        {},
        limit(
          { concurrency: 8 },
          encrypt({ keys: { k1: secret }, current: 'k1' }, readonly(prefix('a "b"/', new RecordingStore()))),
        ),
      ),
    );
    assert.equal(
      stack.toString(),
      'retry(5, observe(limit(8, encrypt("k1", readonly(prefix("a \\"b\\"/", recording()))))))',
    );
    assert.ok(!stack.toString().includes('AAAA'), 'no secrets');
  });
});
