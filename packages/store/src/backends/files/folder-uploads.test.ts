/** Uploads of stores in folders: between processes, after crashes, and what is on the disk. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, suite, test } from 'node:test';
import { collect } from '../../body.ts';
import { files } from '../../files.ts';
import { hashed } from '../../hashed.ts';
import type { Store } from '../../store.ts';
import { drain, rejects, sample, sameBytes } from '../../testing/context.ts';
import { NODE_FILES } from './file-system.ts';

const root = await mkdtemp(join(tmpdir(), 'cistern-folder-uploads-'));
after(() => rm(root, { recursive: true }));
let folders = 0;

const KINDS: Record<string, (path: string) => Store> = {
  files: (path) => files(path, { durable: false }),
  hashed: (path) => hashed(path, { durable: false }),
};

async function uploadFolder(path: string): Promise<string> {
  const uploads = join(path, '.cistern', 'uploads');
  const [only = ''] = await readdir(uploads);
  return join(uploads, only);
}

async function nothingLeft(path: string, store: Store): Promise<void> {
  const uploads = join(path, '.cistern', 'uploads');
  // Those that had several writers stay for who reads, for an hour.
  for (const name of await readdir(uploads)) await utimes(join(uploads, name), 1, 1);
  assert.deepEqual(await drain(store.listUploads()), []);
  assert.deepEqual(await readdir(uploads), []);
  assert.deepEqual(await readdir(join(path, '.cistern', 'tmp')), []);
}

/** Writes `sample(50_000)` in parts and says what is committed, until it is killed. */
async function startWriter(kind: string, path: string): Promise<{ id: string; kill(): Promise<void> }> {
  const from = (name: string): string => JSON.stringify(new URL(`../../${name}`, import.meta.url).href);
  const code = `
    import { ${kind} } from ${from(`${kind}.ts`)};
    import { sample } from ${from('testing/context.ts')};
    const up = await ${kind}(process.argv[1]).upload('dir/a', { partSize: 10_000, attributes: { contentType: 'text/plain' } });
    await up.write(sample(50_000).subarray(0, 25_000));
    await up.flush();
    console.log(up.id);
    await up.write(new Uint8Array(9_000).fill(7));
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const [id] = (await once(lines, 'line')) as [string];
  return {
    id,
    kill: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

for (const [kind, openStore] of Object.entries(KINDS)) {
  suite(`uploads: ${kind}`, () => {
    const fresh = (): { path: string; store: Store } => {
      const path = join(root, `${folders++}`);
      return { path, store: openStore(path) };
    };

    test('what a killed process committed is followed, and gone on with, by another', async () => {
      const { path, store } = fresh();
      const bytes = sample(50_000);
      const writer = await startWriter(kind, path);
      const reader = await store.openUpload('dir/a');
      assert.equal(reader.id, writer.id);
      assert.equal(await reader.refresh(), 25_000);
      sameBytes(await collect(reader.read()), bytes.subarray(0, 25_000));
      const followed = collect(reader.follow({ pollMs: 5 }));
      await writer.kill();
      const up = await store.upload('dir/a', { resume: writer.id });
      assert.equal(up.committed, 25_000);
      assert.equal(up.partSize, 10_000);
      await up.write(bytes.subarray(25_000));
      await up.complete();
      sameBytes(await followed, bytes);
      sameBytes(await store.get('dir/a').bytes(), bytes);
      assert.equal((await store.head('dir/a')).attributes.contentType, 'text/plain');
      await reader.close();
      await nothingLeft(path, store);
    });

    test('a writer that was shut out cannot change a byte, nor complete, nor abort', async () => {
      const { path, store } = fresh();
      const late = await store.upload('a', { partSize: 1000 });
      await late.write(sample(1500));
      await late.flush();
      const up = await store.upload('a', { resume: late.id });
      await rejects(late.complete(), 'Conflict');
      await late.abort();
      await up.write('the end');
      const later = await openStore(path).upload('a', { resume: late.id });
      assert.equal(later.committed, 1500);
      await later.write(sample(3000, 2));
      await later.flush();
      // It writes to its file before it finds out: that is not the file any more.
      await rejects(
        up.write(sample(5000, 9)).then(() => up.flush()),
        'Conflict',
      );
      await later.complete();
      const expected = Buffer.concat([sample(1500), sample(3000, 2)]);
      sameBytes(await store.get('a').bytes(), expected);
      await rejects(up.complete(), 'Conflict');
      sameBytes(await store.get('a').bytes(), expected);
      await nothingLeft(path, store);
    });

    test('after a detach the same file is gone on with, and becomes the object: bytes are written once', async () => {
      const { path, store } = fresh();
      const first = await store.upload('a');
      await first.write(sample(3000));
      await first.flush();
      await first.detach();
      const folder = await uploadFolder(path);
      const { ino } = await stat(join(folder, 'data.1'));
      const second = await openStore(path).upload('a', { resume: first.id });
      await second.write('more');
      await second.complete();
      const found = await readdir(path, { recursive: true, withFileTypes: true });
      const object = found.find((entry) => entry.isFile() && !entry.parentPath.includes('.cistern'));
      assert.ok(object !== undefined);
      assert.equal((await stat(join(object.parentPath, object.name))).ino, ino);
    });

    test('bytes behind those that are committed do not count', async () => {
      const { path, store } = fresh();
      const up = await store.upload('a');
      await up.write('committed');
      await up.flush();
      const data = join(await uploadFolder(path), 'data.1');
      const handle = await open(data, 'a');
      await handle.write('a torn part');
      await handle.close();
      const reader = await store.openUpload('a');
      assert.equal(Buffer.from(await collect(reader.read())).toString(), 'committed');
      await reader.close();
      const again = await store.upload('a', { resume: up.id });
      await again.complete();
      assert.equal(await store.get('a').text(), 'committed');
    });

    test('a crash between the rename and the tidying: the upload has ended', async () => {
      const { path, store } = fresh();
      const up = await store.upload('a');
      await up.write('x');
      await up.flush();
      const reader = await store.openUpload('a');
      const folder = await uploadFolder(path);
      const names = await readdir(folder);
      const descriptor = await readFile(join(folder, 'upload.json'));
      await up.complete();
      // As it is left when the process ends there: all but the file that became the object.
      await mkdir(folder);
      for (const name of names.filter((one) => !one.startsWith('data.')))
        await writeFile(join(folder, name), '');
      await writeFile(join(folder, 'upload.json'), descriptor);
      assert.deepEqual(await drain(store.listUploads()), []);
      await rejects(store.openUpload('a'), 'NotFound');
      assert.equal(Buffer.from(await collect(reader.follow({ pollMs: 5 }))).toString(), 'x');
      await reader.close();
      await rejects(store.upload('a', { resume: up.id }), 'NotFound');
      await nothingLeft(path, store);
    });

    test('a follower that slept through a change of writers and the end gets the object, from its first byte to its last', async () => {
      const { path, store } = fresh();
      const first = await store.upload('a');
      await first.write('one ');
      await first.flush();
      const reader = await store.openUpload('a');
      const follower = reader.follow({ pollMs: 5 })[Symbol.asyncIterator]();
      assert.equal(Buffer.from((await follower.next()).value as Uint8Array).toString(), 'one ');
      await store.put('a', 'in the way');
      const second = await store.upload('a', { resume: first.id });
      await second.write('two ');
      await rejects(second.complete({ mode: 'create' }), 'AlreadyExists');
      const third = await store.upload('a', { resume: first.id });
      await third.write('three');
      await third.complete();
      assert.equal(
        Buffer.from(await collect({ [Symbol.asyncIterator]: () => follower })).toString(),
        'two three',
      );
      await reader.close();
      await nothingLeft(path, store);
      assert.equal(await store.get('a').text(), 'one two three');
    });

    test('a follower that looks in the middle of an abort is not told of an end', async () => {
      const { path, store } = fresh();
      const up = await store.upload('a');
      await up.write('part of it');
      await up.flush();
      await up.detach();
      const reader = await store.openUpload('a');
      const looks: Promise<unknown>[] = [];
      const fs = new Proxy(NODE_FILES, {
        get: (target, name) => {
          const method = Reflect.get(target, name) as (...given: unknown[]) => Promise<unknown>;
          return async (...given: unknown[]) => {
            const result = await method.apply(target, given);
            // After each step, as long as there is something to see.
            if (name === 'rename' || name === 'unlink') {
              const looked = reader.refresh().then((committed) => assert.equal(committed, 10));
              looks.push(looked);
              await looked.catch(() => undefined);
            }
            return result;
          };
        },
      });
      const again = await (kind === 'files' ? files(path, { fs }) : hashed(path, { fs })).upload('a', {
        resume: up.id,
      });
      looks.length = 0;
      await again.abort();
      assert.ok(looks.length > 2);
      const ends = (await Promise.allSettled(looks)).map(({ status }) => status);
      assert.equal(ends.at(-1), 'rejected', 'the upload is gone');
      assert.equal(ends.indexOf('rejected'), ends.lastIndexOf('fulfilled') + 1, 'and stays so');
      await rejects(collect(reader.follow({ pollMs: 5 })), 'NotFound');
      await reader.close();
    });

    test('a follower that looks in the middle of a completion, after a change of writers, is told of no abort', async () => {
      const { path, store } = fresh();
      const up = await store.upload('a');
      await up.write('one ');
      await up.flush();
      const reader = await store.openUpload('a');
      const readers = await Promise.all(Array.from({ length: 6 }, () => store.openUpload('a')));
      const looks: number[] = [];
      let isLooking = false;
      const fs = new Proxy(NODE_FILES, {
        get: (target, name) => {
          const method = Reflect.get(target, name) as (...given: unknown[]) => Promise<unknown>;
          return async (...given: unknown[]) => {
            const result = await method.apply(target, given);
            // Each of these readers has the first writer's file open until it looks.
            if (isLooking && (name === 'link' || name === 'rename')) {
              looks.push(await (readers[looks.length] ?? reader).refresh());
            }
            return result;
          };
        },
      });
      const again = await (kind === 'files' ? files(path, { fs }) : hashed(path, { fs })).upload('a', {
        resume: up.id,
      });
      await again.write('two');
      await again.flush();
      isLooking = true;
      await again.complete();
      assert.ok(looks.length > 2);
      assert.ok(looks.every((committed) => committed === 7));
      assert.equal(Buffer.from(await collect(reader.follow({ pollMs: 5 }))).toString(), 'one two');
      for (const one of [reader, ...readers]) await one.close();
      assert.equal(await store.get('a').text(), 'one two');
    });

    test('an id is no path', async () => {
      const { store } = fresh();
      const up = await store.upload('a');
      for (const id of ['../../a', `${up.id}/..`, '', '.', 'x'.repeat(300), `${up.id}\0`]) {
        await rejects(store.openUpload('a', id), 'NotFound');
        await rejects(store.upload('a', { resume: id }), 'NotFound');
      }
      await rejects(store.openUpload('b', up.id), 'NotFound');
      await up.abort();
    });

    test('a failed condition leaves the upload, which can go on', async () => {
      const { path, store } = fresh();
      await store.put('a', 'old', { attributes: { contentType: 'text/old' } });
      const up = await store.upload('a', { attributes: { contentType: 'text/new' } });
      await up.write('new');
      await rejects(up.complete({ mode: 'create' }), 'AlreadyExists');
      await rejects(up.complete({ mode: { ifMatch: 'x' } }), 'Unsupported');
      await up.write(' and more');
      await store.delete('a');
      await up.complete({ mode: 'create' });
      assert.equal(await store.get('a').text(), 'new and more');
      assert.equal((await store.head('a')).attributes.contentType, 'text/new');
      await nothingLeft(path, store);
    });
  });
}
