/**
 * @module `cistern cp -r` from every kind of place into every other: the same names and bytes, attributes where both keep them, and
 * every name that a place cannot have is told.
 */

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import type { Attributes, Store } from '@cistern/store';
import { local } from '@cistern/store/local';
import { openSpec } from '../support/open-spec.ts';
import { startStoreKinds } from '../support/store-kinds.ts';
import { cliHome } from './cli.ts';
import { REFUSES } from '../support/refused-keys.ts';

const LARGE = randomBytes(9 * 1024 * 1024 + 1);

/** Names that some programs, systems or services would take for others. */
const KEYS = [
  'a.txt',
  'empty',
  'folder/deep/er/name',
  'large',
  'ümlaut/日本/🚰',
  'with blank+plus&more=?#',
  '.hidden',
  '-r',
  '*[glob]{a,b}?',
  'b//c',
  '/lead',
  './x',
  '../up',
  'x/../y',
  'x/',
  'C:drive',
  'back\\slash',
  'dot.',
  'e\u0301',
  'pct%2F%00%FF',
  'quote"\'<>|*',
  'line\nfeed',
  `long/${'x'.repeat(900)}`,
];

const ATTRIBUTES: Attributes = { contentType: 'text/x-plain', metadata: { by: 'grüße' } };

function bytesOf(key: string): Uint8Array {
  if (key === 'empty') return new Uint8Array(0);
  return key === 'large' ? LARGE : new TextEncoder().encode(`${key} is what this object holds.`);
}

interface PlaceOf {
  /** as it is named on the command line */
  readonly text: string;
  /** opened anew each time: what another process wrote is seen */
  open(): Promise<Store>;
}

interface PlaceKind {
  readonly name: string;
  readonly needs: string | false;
  make(): Promise<PlaceOf>;
}

const home = cliHome();
const stores = await startStoreKinds();

const files: readonly PlaceKind[] = (['local', 'hashed', 'sqlite', 'zip'] as const).map((name) => ({
  name,
  needs: false,
  make: () => {
    const ending = { local: '', hashed: '', sqlite: '.db', zip: '.zip' }[name];
    const path = join(home.folder, `${name}-${randomUUID()}${ending}`);
    if (name === 'local')
      return Promise.resolve({ text: `${path}/`, open: () => Promise.resolve(local(path)) });
    return Promise.resolve({ text: `${name}:${path}`, open: () => openSpec({ kind: name, path }) });
  },
}));

const added = new Set<string>();
const services: readonly PlaceKind[] = (['s3', 'azure'] as const).map((name) => ({
  name,
  needs: stores[name].needs,
  make: async () => {
    const spec = await stores[name].make();
    // One server a file: it is reached as it was the first time.
    const add = ['remote', 'add', `my-${name}`, '--overwrite', '--secret-stdin'];
    if (spec.kind === 's3' && typeof spec.credentials === 'object') {
      const { endpoint = '', credentials } = spec;
      const flags = ['s3://', '--endpoint', endpoint, '--access-key-id', credentials.accessKeyId];
      if (!added.has(name)) await home.ok([...add, ...flags], { input: credentials.secretAccessKey });
    } else if (spec.kind === 'azure') {
      const { endpoint = '', account = '', accountKey = '' } = spec;
      const flags = ['az://', '--endpoint', String(endpoint), '--account', account];
      if (!added.has(name)) await home.ok([...add, ...flags], { input: accountKey });
    }
    added.add(name);
    const bucket = spec.kind === 's3' ? spec.bucket : spec.kind === 'azure' ? spec.container : '';
    return { text: `my-${name}:${bucket}`, open: () => openSpec(spec) };
  },
}));

const kinds = [...files, ...services];

suite('cp -r from every place into every other', { concurrency: 2 }, () => {
  const sources = new Map<string, PlaceOf>();
  const takes = (name: string, key: string): boolean => !(REFUSES[name]?.(key) ?? false);

  before(async () => {
    for (const kind of kinds.filter(({ needs }) => needs === false)) {
      const { name } = kind;
      const place = await kind.make();
      await using store = await place.open();
      const attributes = store.capabilities.attributes ? ATTRIBUTES : undefined;
      for (const key of KEYS.filter((one) => takes(name, one))) {
        await store.put(key, bytesOf(key), { attributes });
      }
      sources.set(name, place);
    }
  });

  for (const from of kinds) {
    for (const to of kinds) {
      test(`${from.name} to ${to.name}`, { skip: from.needs || to.needs }, async () => {
        const source = sources.get(from.name) ?? assert.fail('it was not filled');
        const target = await to.make();
        const there = KEYS.filter((key) => takes(from.name, key));
        const refused = there.filter((key) => !takes(to.name, key));
        const { code, out, err } = await home.run(['cp', '-r', '--json', source.text, target.text]);
        const records = out.split('\n').filter((line) => line !== '');
        const failed = records
          .map((line) => JSON.parse(line) as { type: string; error?: { code: string; message: string } })
          .filter(({ type }) => type === 'error');
        assert.deepEqual(
          failed.map(({ error }) => error?.code),
          refused.map(() => 'InvalidKey'),
          err,
        );
        assert.equal(code, refused.length > 0 ? 1 : 0, err);

        await using store = await target.open();
        const found = await Array.fromAsync(store.keys());
        assert.deepEqual(found.sort(), there.filter((key) => !refused.includes(key)).sort());
        for (const key of found) {
          const { bytes, attributes } = await readAll(store, key);
          assert.ok(bytes.equals(bytesOf(key)), key);
          const isCarried = store.capabilities.attributes && from.name !== 'local';
          if (isCarried) assert.deepEqual({ ...attributes.metadata }, ATTRIBUTES.metadata, key);
          if (isCarried) assert.equal(attributes.contentType, ATTRIBUTES.contentType, key);
        }
      });
    }
  }

  test('memory, which ends with the command', async () => {
    const { text } = sources.get('local') ?? assert.fail('it was not filled');
    assert.equal((await home.json(['cp', '-r', text, 'mem:'])).at(-1)?.['copied'], KEYS.length);
    assert.equal((await home.json(['cp', '-r', 'mem:', 'nothing/'])).at(-1)?.['copied'], 0);
  });
});

async function readAll(store: Store, key: string): Promise<{ bytes: Buffer; attributes: Attributes }> {
  const read = await store.get(key);
  return { bytes: Buffer.from(await read.bytes()), attributes: read.info.attributes };
}
