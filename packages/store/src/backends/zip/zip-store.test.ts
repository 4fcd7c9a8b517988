/** What is zip's own: when puts are in the archive, who may write it, what a failure leaves, and how much is read. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { collect } from '../../body.ts';
import { isStoreError } from '../../errors.ts';
import { memory } from '../../memory.ts';
import type { GetOptions, ObjectInfo } from '../../object-store.ts';
import { open } from '../../open.ts';
import type { PendingRead } from '../../reading.ts';
import { Store } from '../../store.ts';
import { drain, rejects, sample, sameBytes } from '../../testing/context.ts';
import { contract } from '../../testing/contract.ts';
import { zip } from '../../zip.ts';
import type { ZipArchive } from '../../zip.ts';
import { makeZip } from './archives.fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'cistern-zip-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function newPath(): string {
  return join(folder, `${++files}.zip`);
}

/** Writes the archive anew every few changes. */
class Flushing extends Store {
  readonly #zip: ZipArchive;
  #changes = 0;

  constructor(archive: ZipArchive) {
    super(archive);
    this.#zip = archive;
  }

  override async put(...args: Parameters<Store['put']>): Promise<ObjectInfo> {
    const info = await super.put(...args);
    await this.#flushSometimes();
    return info;
  }

  override async copy(...args: Parameters<Store['copy']>): Promise<ObjectInfo> {
    const info = await super.copy(...args);
    await this.#flushSometimes();
    return info;
  }

  async #flushSometimes(): Promise<void> {
    this.#changes++;
    if (this.#changes < 100 || this.#changes % 97 === 0) await this.#zip.flush();
  }
}

contract({
  name: 'zip, written anew again and again',
  runner: { suite, test, after },
  open: async () => new Flushing(await zip(newPath())),
});

suite('zip: the archive', () => {
  test('is there when it was closed, and nothing else is', async () => {
    const path = newPath();
    const store = await zip(path);
    await store.put('a', 'x', { attributes: { contentType: 'text/plain', metadata: { n: 'ü' } } });
    assert.equal(existsSync(path), false);
    assert.equal(await store.get('a').text(), 'x');
    const before = await store.head('a');
    await store.close();
    await rejects(store.get('a'), 'Closed');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith(`${files}.`) || name.startsWith('.')),
      [`${files}.zip`],
    );
    await using again = await zip(path);
    const found = await again.head('a');
    assert.deepEqual(
      { ...found, attributes: { ...found.attributes, metadata: { ...found.attributes.metadata } } },
      { ...before, attributes: { contentType: 'text/plain', metadata: { n: 'ü' } } },
    );
  });

  test('nothing put, nothing made; nothing changed, nothing written', async () => {
    const path = newPath();
    await (await zip(path)).close();
    assert.equal(existsSync(path), false);
    writeFileSync(path, makeZip([{ name: 'a', bytes: sample(10) }]));
    const before = statSync(path, { bigint: true });
    const store = await zip(path);
    await store.get('a').bytes();
    await store.close();
    assert.equal(statSync(path, { bigint: true }).ino, before.ino);
  });

  test('has one writer; readers go on with what they opened', async () => {
    const path = newPath();
    {
      await using store = await zip(path);
      await store.put('a', sample(1_000_000));
    }
    await using reader = await zip(path);
    await using late = await zip(path);
    const begun = await reader.get('a');
    const writer = await zip(path);
    await writer.put('a', 'new');
    await rejects(late.put('b', 'x'), 'Unavailable');
    await writer.close();
    sameBytes(await collect(begun.body), sample(1_000_000));
    sameBytes(await reader.get('a').bytes(), sample(1_000_000));
    // Who becomes the writer later goes on from what the one before has written.
    await late.put('b', 'x');
    assert.equal(await late.get('a').text(), 'new');
    await late.close();
    await using last = await zip(path);
    assert.deepEqual(
      (await drain(last.list())).map((entry) => (entry.type === 'object' ? entry.key : '')),
      ['a', 'b'],
    );
  });

  test('what is read while it is overwritten and written anew is read to its end', async () => {
    const path = newPath();
    await using store = await zip(path);
    const bytes = sample(2_000_000);
    await store.put('a', bytes);
    const spooled = await store.get('a');
    await store.put('a', 'new');
    await store.flush();
    sameBytes(await collect(spooled.body), bytes);
    await store.put('a', bytes);
    await store.flush();
    const archived = await store.get('a');
    await store.delete('a');
    await store.flush();
    sameBytes(await collect(archived.body), bytes);
    await rejects(store.get('a'), 'NotFound');
  });

  test('a write that fails leaves the old archive whole, and no partial file', async () => {
    const path = newPath();
    {
      await using store = await zip(path);
      await store.put('a', 'x');
    }
    const store = await zip(path);
    await store.put('b', sample(500_000));
    // What is kept is read from the old archive: damage it so that it is too short.
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, 10));
    await rejects(store.close(), 'Corrupt');
    assert.deepEqual(readFileSync(path), whole.subarray(0, 10));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('.rewritten-') || name === `${files}.zip.lock`),
      [],
    );
  });

  test('a writer that is killed leaves the archive as it last was, and its lock to others', async () => {
    const path = newPath();
    const script = fileURLToPath(new URL('./zip-process.testing.ts', import.meta.url));
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [script, path]);
      child.stderr.pipe(process.stderr);
      let told = -1;
      for await (const line of createInterface(child.stdout)) {
        told = Number(line);
        if (told === 2 + round) child.kill('SIGKILL');
      }
      await using store = await zip(path);
      const number = Number(await store.get('number').text());
      assert.ok(number >= told, `${number} was in it, and ${told} was told of`);
      assert.equal(await store.get('same number').text(), `${number}`);
      sameBytes(await store.get('bulk').bytes(), new Uint8Array(2_000_000).fill(number % 251));
      await store.put('after', 'x');
    }
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('.rewritten-') || name.endsWith('.lock')),
      [],
    );
  });

  test('a body that fails leaves what was there', async () => {
    await using store = await zip(newPath());
    await store.put('a', 'old');
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield sample(600_000);
      throw Object.assign(new RangeError('no more'), { code: 'ENOENT' });
    };
    await assert.rejects(store.put('a', failing()), RangeError);
    assert.equal(await store.get('a').text(), 'old');
  });

  test('what does not shrink is stored, and read by range from its place', async () => {
    const path = newPath();
    {
      await using store = await zip(path);
      const random = globalThis.crypto.getRandomValues(new Uint8Array(60_000));
      await store.put('random', Buffer.concat(Array.from({ length: 20 }, () => random)).subarray(0, 50_000));
      await store.put('text', 'text '.repeat(100_000));
    }
    assert.ok(statSync(path).size < 60_000);
  });

  test('by URL; a folder that is not there', async () => {
    const path = newPath();
    {
      await using store = await open(`zip://${path}`);
      await store.put('a', 'x');
      assert.equal(store.toString(), `zip(${JSON.stringify(path)})`);
    }
    await using store = await zip(path);
    assert.equal(await store.get('a').text(), 'x');
    const nowhere = await zip(join(folder, 'none', 'a.zip'));
    await assert.rejects(nowhere.put('a', 'x'), (error) => isStoreError(error));
    await nowhere.close();
  });
});

/** Counts what is read through it. */
class Counting extends Store {
  bytes = 0;
  gets = 0;

  override get(key: string, options?: GetOptions): PendingRead {
    const reading = super.get(key, options);
    if (options?.head !== true) {
      this.gets++;
      reading.then(
        ({ range }) => (this.bytes += range.end - range.start),
        () => undefined,
      );
    }
    return reading;
  }
}

suite('zip: in another store', () => {
  test('reads the directory and the entry, and no more', async () => {
    const store = new Counting(memory());
    const many = Array.from({ length: 2000 }, (_, i) => ({
      name: `entry ${i}`,
      bytes: sample(1000, i),
      method: 0,
    }));
    const bytes = makeZip(many);
    await store.put('a.zip', bytes);
    await using archive = await zip({ store, key: 'a.zip' });
    const directory = 2000 * 56 + 66_000;
    assert.ok(store.bytes < directory + 100_000, `${store.bytes} of ${bytes.byteLength}`);
    const before = { bytes: store.bytes, gets: store.gets };
    sameBytes(await archive.get('entry 77').bytes(), sample(1000, 77));
    assert.equal(store.gets, before.gets + 1);
    assert.ok(store.bytes - before.bytes <= 1000 + 30 + 8);
  });

  test('who writes second is told, and nothing of the first is lost', async () => {
    const inner = memory();
    const first = await zip({ store: inner, key: 'a.zip' });
    const second = await zip({ store: inner, key: 'a.zip' });
    await first.put('a', 'first');
    await second.put('a', 'second');
    await first.close();
    await rejects(second.close(), 'Conflict');
    await using store = await zip({ store: inner, key: 'a.zip' });
    assert.equal(await store.get('a').text(), 'first');
  });

  test('replaced while it is open: Conflict, not wrong bytes', async () => {
    const inner = memory();
    await inner.put('a.zip', makeZip([{ name: 'a', bytes: sample(1000), method: 0 }]));
    await using store = await zip({ store: inner, key: 'a.zip' });
    await inner.put('a.zip', makeZip([{ name: 'a', bytes: sample(1000, 2), method: 0 }]));
    await rejects(store.get('a').bytes(), 'Conflict');
  });
});

suite('zip: as memory', () => {
  test('any sequence of changes, with writes in between, gives what memory gives', async () => {
    const key = fc.constantFrom('a', 'b', 'dir/c', 'ü');
    const step = fc.oneof(
      fc.record({ what: fc.constant('put' as const), key, size: fc.nat(2000) }),
      fc.record({ what: fc.constant('delete' as const), key }),
      fc.record({ what: fc.constant('copy' as const), key, to: key }),
      fc.record({ what: fc.constant('flush' as const) }),
      fc.record({ what: fc.constant('reopen' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const home = { store: memory(), key: 'a.zip' };
        const model = memory();
        let store = await zip(home);
        for (const [i, one] of steps.entries()) {
          if (one.what === 'flush') await store.flush();
          if (one.what === 'reopen') {
            await store.close();
            store = await zip(home);
          }
          const outcomes = [];
          for (const each of [store, model]) {
            const done =
              one.what === 'put'
                ? each.put(one.key, sample(one.size, i))
                : one.what === 'delete'
                  ? each.delete(one.key)
                  : one.what === 'copy'
                    ? each.copy(one.key, one.to)
                    : undefined;
            outcomes.push(
              await Promise.resolve(done).then(
                () => 'done',
                (error: unknown) => (isStoreError(error) ? error.code : error),
              ),
            );
          }
          assert.equal(outcomes[0], outcomes[1]);
        }
        await store.close();
        store = await zip(home);
        const keys: string[] = [];
        for await (const found of store.keys()) keys.push(found);
        const expected: string[] = [];
        for await (const found of model.keys()) expected.push(found);
        assert.deepEqual(keys, expected);
        for (const found of keys) sameBytes(await store.get(found).bytes(), await model.get(found).bytes());
        await store.close();
      }),
      { numRuns: 60 },
    );
  });
});
