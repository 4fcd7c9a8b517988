/** From every kind of store into every other, by `sync` and by streams: the same bytes, and nothing lost on the way. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sync } from '@cistern/store';
import type { Attributes, Store } from '@cistern/store';
import { openSpec } from '../support/open-spec.ts';
import type { StoreSpec } from '../support/open-spec.ts';
import { startStoreKinds } from '../support/store-kinds.ts';
import type { StoreKind } from '../support/store-kinds.ts';
import { REFUSES } from '../support/refused-keys.ts';

const LARGE = randomBytes(5 * 1024 * 1024 + 1);

/** Keys that some programs, systems or services would take for others. */
const PLAIN = [
  'a.txt',
  'empty',
  'folder/deep/er/name',
  'large',
  'ümlaut/日本/🚰',
  'with blank+plus&more=?#',
  '.hidden',
];
const HOSTILE = [
  'a',
  'a/b',
  'a/',
  'b//c',
  '/lead',
  './x',
  '../up',
  'x/../y',
  'C:drive',
  'back\\slash',
  'dot.',
  'CON',
  'é',
  'e\u0301',
  '\uffee',
  '\u{1f6b0}',
  'pct%2F%00%FF',
  'quote"\'<>|*',
  'line\nfeed',
  'control\u0001',
  'del\u007f',
  '.cistern-not',
  '.cistern.',
  `long/${'x'.repeat(900)}`,
];

/** It keeps keys as paths and lists them in the order of its files: neither source nor target of what is hostile. */
const PLAIN_ONLY = new Set(['s3rver']);

const ATTRIBUTES: Attributes = {
  contentType: 'text/x-plain; charset=utf-8',
  cacheControl: 'max-age=5',
  contentLanguage: 'de',
  metadata: { by: 'me', 'with-hyphen': 'grüße 🚰' },
};

function bytesOf(key: string): Uint8Array {
  if (key === 'empty') return new Uint8Array(0);
  if (key === 'a.txt') return new Uint8Array([0x80]);
  return key === 'large' ? LARGE : new TextEncoder().encode(`${key} is what this object holds.`);
}

type Contents = Map<string, { readonly bytes: Buffer; readonly attributes: Attributes }>;

interface Source {
  readonly store: Store;
  readonly held: Contents;
}

/** What a store holds: keys in the order of the listing, with their bytes and attributes. */
async function contents(store: Store): Promise<Contents> {
  const found: Contents = new Map();
  for await (const key of store.keys()) {
    const read = await store.get(key);
    found.set(key, { bytes: Buffer.from(await read.bytes()), attributes: read.info.attributes });
  }
  return found;
}

const kinds = Object.values(await startStoreKinds());

suite('from every store into every other', { concurrency: 4 }, () => {
  const sources = new Map<StoreKind, Source>();
  const takes = ({ name }: StoreKind, key: string): boolean =>
    !(REFUSES[name]?.(key) ?? false) && (PLAIN.includes(key) || !PLAIN_ONLY.has(name));

  before(async () => {
    let newest = 0;
    for (const kind of kinds.filter(({ needs }) => needs === false)) {
      const spec = await kind.make();
      let store = await openSpec(spec);
      for (const key of [...PLAIN, ...HOSTILE].filter((one) => takes(kind, one))) {
        const attributes = key.length % 2 === 0 ? { attributes: ATTRIBUTES } : {};
        const info = await store.put(key, bytesOf(key), attributes);
        newest = Math.max(newest, info.lastModified.getTime());
      }
      store = await reopened(kind, spec, store);
      sources.set(kind, { store, held: await contents(store) });
    }
    // Some stores have times of whole seconds: what is younger than that may be copied twice.
    while (Date.now() <= newest + 1000) await delay(50);
    return async () => {
      for (const { store } of sources.values()) await store.close();
    };
  });

  for (const from of kinds) {
    for (const to of kinds) {
      test(`${from.name} to ${to.name}`, { skip: from.needs || to.needs }, async () => {
        const { store: source, held } = sources.get(from) ?? assert.fail('it was not filled');
        const filter = PLAIN_ONLY.has(to.name)
          ? (key: string): boolean => PLAIN.includes(key) || key === 'extra'
          : undefined;
        const expected = new Map([...held].filter(([key]) => filter?.(key) ?? true));
        const refused = [...expected.keys()].filter((key) => !takes(to, key));
        const spec = await to.make();
        let target = await openSpec(spec);
        await target.put('extra', 'extra');
        await target.put('a.txt', 'old');

        const records = await Array.fromAsync(sync(source, target, { filter }));
        const failed = records.filter(({ error }) => error !== undefined);
        assert.deepEqual(
          failed.map(({ key, error }) => `${error?.code} ${key}`).sort(),
          refused.map((key) => `InvalidKey ${key}`).sort(),
        );
        assert.deepEqual(
          records.filter(({ action }) => action === 'update').map(({ key }) => key),
          ['a.txt'],
        );
        target = await reopened(to, spec, target);
        assert.equal(await target.get('extra').text(), 'extra', 'without delete it only adds');

        const again = await sync(source, target, { filter }).finish();
        assert.deepEqual(
          [again.copied, again.updated, again.deleted, again.failed],
          [0, 0, 0, refused.length],
          'a second run copies nothing',
        );
        const last = await sync(source, target, { filter, delete: true }).finish();
        assert.deepEqual(
          [last.copied, last.updated, last.deleted, last.failed],
          [0, 0, 1, refused.length],
          'with delete both are the same',
        );
        target = await reopened(to, spec, target);
        const found = await contents(target);
        const wanted = [...expected.keys()].filter((key) => takes(to, key));
        assert.deepEqual([...found.keys()], wanted);
        for (const [key, { bytes, attributes }] of found) {
          const { bytes: given, attributes: had } = expected.get(key) ?? {};
          assert.ok(given !== undefined && bytes.equals(given), `the bytes of ${JSON.stringify(key)}`);
          assert.deepEqual(carried(attributes), carried(had), `the attributes of ${JSON.stringify(key)}`);
        }

        await target.put('streamed', source.get('large').stream());
        const into = new Uint8Array(LARGE.byteLength);
        await target.readInto('streamed', into);
        assert.ok(LARGE.equals(into), 'a stream from store to store');
        await target.close();
      });
    }
  }
});

/** An archive is written when it is closed; the others have written already. */
async function reopened({ name }: StoreKind, spec: StoreSpec, store: Store): Promise<Store> {
  if (name !== 'zip') return store;
  await store.close();
  return openSpec(spec);
}

/** Services have a content type of their own for what has none. */
function carried(attributes: Attributes | undefined): unknown {
  const { contentType, metadata, ...others } = attributes ?? {};
  return {
    ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)),
    contentType: contentType?.endsWith('/octet-stream') === true ? undefined : contentType,
    metadata: { ...metadata },
  };
}
