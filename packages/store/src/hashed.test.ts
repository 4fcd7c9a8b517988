/** The store in hashed folders keeps the contract, and its files are what they are said to be. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { hashed } from './hashed.ts';
import { rejects, sample, sameBytes, stream } from './testing/context.ts';
import { contract } from './testing/contract.ts';

const root = await mkdtemp(join(tmpdir(), 'cistern-hashed-'));
after(() => rm(root, { recursive: true }));

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

contract({
  name: 'hashed',
  runner: { suite, test, after },
  // Listings of the contract go through temporary files, too.
  open: () => Promise.resolve(hashed(join(root, 'contract'), { runKeysMax: 300 })),
});

suite('hashed', () => {
  test('the file of a key is named by its hash, and ends with the bytes', async () => {
    const store = hashed(join(root, 'names'));
    await store.put('any/../key', 'the bytes', { attributes: { contentType: 'text/plain' } });
    const hash = sha256('any/../key');
    const file = await readFile(join(root, 'names', hash.slice(0, 2), hash.slice(2, 4), hash), 'utf8');
    assert.match(file, /^cistern.{5}[{]"key":"any\/\.\.\/key".*\}the bytes$/s);
  });

  test('deleted, nothing is left', async () => {
    const store = hashed(join(root, 'deleted'));
    await store.put('a', 'x');
    await store.delete('a');
    assert.deepEqual(await readdir(join(root, 'deleted')), ['.cistern']);
  });

  test('a file of another key, or of another program, is found out', async () => {
    const store = hashed(join(root, 'corrupt'));
    await store.put('a', 'x');
    const hash = sha256('a');
    const path = join(root, 'corrupt', hash.slice(0, 2), hash.slice(2, 4), hash);
    const bytes = await readFile(path);
    await writeFile(path, bytes.toString('latin1').replace('"a"', '"b"'), 'latin1');
    await rejects(store.head('a'), 'Corrupt');
    await writeFile(path, 'something else');
    await rejects(store.head('a'), 'Corrupt');
    for (const damaged of [
      '{"attributes":{}}',
      '{"key":"a"}',
      '{"key":"a","attributes":{"metadata":{"b":1}}}',
    ]) {
      const fixed = Buffer.from(bytes.subarray(0, 12));
      fixed.writeUInt32BE(damaged.length, 8);
      await writeFile(path, Buffer.concat([fixed, Buffer.from(damaged)]));
      await rejects(store.head('a'), 'Corrupt');
    }
    bytes.writeUInt8(2, 7);
    await writeFile(path, bytes);
    await rejects(store.head('a'), 'Unsupported');
  });

  test('a listing leaves no temporary files, also when it is left early', async () => {
    const store = hashed(join(root, 'runs'), { runKeysMax: 7, durable: false });
    const keys = Array.from({ length: 40 }, (_, i) => `k${`${i}`.padStart(2, '0')}`);
    for (const key of keys) await store.put(key, key);
    assert.deepEqual(await Array.fromAsync(store.keys()), keys);
    for await (const key of store.keys('k1')) {
      assert.equal(key, 'k10');
      break;
    }
    assert.deepEqual(await readdir(join(root, 'runs', '.cistern', 'tmp')), []);
  });
});

suite('hashed, by content', () => {
  test('what is put is named by its hash, and sha256sum agrees', async () => {
    const store = hashed(join(root, 'content'), { content: true });
    const bytes = sample(300_000);
    const { key, size } = await store.putContent(stream(bytes));
    assert.equal(key, sha256(bytes));
    assert.equal(size, 300_000);
    sameBytes(await store.get(key).bytes(), bytes);
    const path = join(root, 'content', key.slice(0, 2), key.slice(2, 4), key);
    const { stdout } = await promisify(execFile)('sha256sum', [path]);
    assert.equal(stdout.slice(0, 64), key);
    assert.equal((await store.putContent(bytes)).key, key);
    await rejects(store.putContent(bytes, { mode: 'create' }), 'AlreadyExists');
  });

  test('a body that is not that of its key is refused, and leaves nothing', async () => {
    const path = join(root, 'wrong');
    const store = hashed(path, { content: true });
    await rejects(store.put(sha256('a'), 'b'), 'InvalidArgument');
    await rejects(store.put('a', 'a'), 'InvalidKey');
    await rejects(store.put(sha256('a').toUpperCase(), 'a'), 'InvalidKey');
    await rejects(store.put(sha256('a'), 'a', { attributes: { contentType: 'text/plain' } }), 'Unsupported');
    assert.deepEqual(await readdir(path).catch(() => []), ['.cistern']);
    assert.deepEqual(await readdir(join(path, '.cistern', 'tmp')), []);
    await store.put(sha256('a'), 'a');
    await rejects(store.copy(sha256('a'), sha256('b')), 'InvalidArgument');
    await rejects(store.head(sha256('b')), 'NotFound');
    await store.copy(sha256('a'), sha256('a'));
    assert.equal(await store.get(sha256('a')).text(), 'a');
  });

  test('listed in order, by prefix, from after a key, rolled up', async () => {
    const store = hashed(join(root, 'list'), { content: true, durable: false });
    const keys: string[] = [];
    for (let i = 0; i < 300; i++) keys.push((await store.putContent(`content ${i}`)).key);
    keys.sort();
    assert.deepEqual(await Array.fromAsync(store.keys()), keys);
    assert.deepEqual(await Array.fromAsync(store.keys({ startAfter: keys[100] })), keys.slice(101));
    const prefix = keys[50]?.slice(0, 3) ?? '';
    assert.deepEqual(
      await Array.fromAsync(store.keys(prefix)),
      keys.filter((key) => key.startsWith(prefix)),
    );
    await store.delete(keys[0] ?? '');
    assert.deepEqual(await Array.fromAsync(store.keys()), keys.slice(1));
  });
});
