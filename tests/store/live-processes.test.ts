/** Uploads that one process writes and others read meanwhile, on every store that has them; writers that are killed. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Store } from '@cistern/store';
import { needsPeakMemory } from '../support/peak-memory.ts';
import { openSpec } from '../support/open-spec.ts';
import type { StoreSpec } from '../support/open-spec.ts';
import { startStoreKinds } from '../support/store-kinds.ts';
import type { StoreKind } from '../support/store-kinds.ts';
import { liveHash } from './live-program.ts';
import type { LiveTask } from './live-program.ts';

const PROGRAM = fileURLToPath(new URL('live-program.ts', import.meta.url));
const MIB = 1024 * 1024;

interface Message {
  readonly id?: string;
  readonly committed?: number;
  readonly at?: number;
  readonly etag?: string;
  readonly received?: number;
  readonly hash?: string;
  readonly grownBytes?: number;
}

/** A process that does one task. */
class Worker {
  readonly #child;
  readonly #ended: Promise<unknown>;
  readonly #lines: AsyncIterator<string>;
  #last: Message = {};

  constructor(task: LiveTask) {
    this.#child = spawn(process.execPath, [PROGRAM, JSON.stringify(task)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#ended = once(this.#child, 'exit');
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** The first message from now on, or the last there was, of which this is true. */
  async until(isMeant: (message: Message) => boolean): Promise<Message> {
    while (!isMeant(this.#last)) {
      const line = await this.#lines.next();
      assert.ok(line.done !== true, `the process ended; its last word was ${JSON.stringify(this.#last)}`);
      this.#last = JSON.parse(line.value) as Message;
    }
    return this.#last;
  }

  goOn(): void {
    this.#child.stdin.write('\n');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

const { files, hashed, sqlite, s3: ours, s3rver, azure } = await startStoreKinds();
const parts: StoreKind = {
  name: 's3, with part objects',
  needs: false,
  make: async () => ({ ...(await ours.make()), uploads: 'parts' }) as StoreSpec,
};
const LIVE = [files, hashed, sqlite, ours, parts, azure];

/** The newest upload of the key, in this process. */
async function followHere(store: Store, key: string): Promise<string> {
  await using reader = await store.openUpload(key);
  const hash = createHash('sha256');
  for await (const chunk of reader.follow({ pollMs: 20 })) hash.update(chunk);
  return hash.digest('hex');
}

async function seesNothing(store: Store, key: string): Promise<void> {
  await assert.rejects(store.head(key), { code: 'NotFound' });
  assert.deepEqual(await Array.fromAsync(store.list()), []);
}

suite('uploads across processes', { concurrency: 3 }, () => {
  for (const kind of LIVE) {
    test(
      `${kind.name}: a writer is killed, another completes, and followers have the whole`,
      {
        skip: kind.needs,
      },
      async () => {
        const spec = await kind.make();
        await using store = await openSpec(spec);
        const key = 'films/live';
        const partSize = Math.max(MIB, store.capabilities.partBytesMin);
        // The flushed half ends within a part.
        const size = 4 * partSize + 12_346;
        const task = { spec, key, size, partSize };
        const workers: Worker[] = [];
        const begin = (more: Pick<LiveTask, 'act' | 'id'>): Worker => {
          const worker = new Worker({ ...task, ...more });
          workers.push(worker);
          return worker;
        };
        try {
          const writer = begin({ act: 'start' });
          const { id } = (await writer.until((message) => message.id !== undefined)) as { id: string };
          const follower = begin({ act: 'follow', id });
          const here = followHere(store, key);
          const half = Math.floor(size / 2);
          await writer.until(({ committed }) => committed === half);
          await follower.until(({ received = 0 }) => received >= half);
          await writer.until(({ at }) => at !== undefined);
          await writer.kill();
          await seesNothing(store, key);
          assert.deepEqual(
            (await Array.fromAsync(store.listUploads())).map((entry) => [entry.key, entry.id]),
            [[key, id]],
          );

          const second = begin({ act: 'resume', id });
          const { committed = 0 } = await second.until((message) => message.committed !== undefined);
          assert.ok(committed >= half, `${committed} of ${half} flushed bytes were found`);
          await second.until((message) => message.committed === size);
          await follower.until(({ received }) => received === size);
          await seesNothing(store, key);

          second.goOn();
          const { etag } = await second.until((message) => message.etag !== undefined);
          assert.equal((await store.head(key)).etag, etag);
          const hash = liveHash(size);
          assert.deepEqual(await follower.until((message) => message.hash !== undefined), {
            received: size,
            hash,
          });
          assert.equal(await here, hash);
          const found = createHash('sha256').update(await store.get(key).bytes());
          assert.equal(found.digest('hex'), hash);
          assert.deepEqual(await Array.fromAsync(store.listUploads()), []);
          assert.deepEqual(await Array.fromAsync(store.keys()), [key]);
        } finally {
          for (const worker of workers) await worker.kill();
        }
      },
    );
  }

  test(
    's3rver decides no conditions, which part objects need: uploads are refused',
    {
      skip: s3rver.needs,
    },
    async () => {
      await using store = await openSpec(await s3rver.make());
      await assert.rejects(store.upload('a'), { code: 'Unsupported' });
      await assert.rejects(store.openUpload('a'), { code: 'Unsupported' });
      assert.equal(store.capabilities.uploads, false);
    },
  );
});

suite('memory of large uploads', () => {
  // More than the bound, so that a writer that keeps all it is given goes beyond it. Hashed folders are written as files are.
  const sizes = [
    [files, 512],
    [sqlite, 256],
    [ours, 512],
    [parts, 256],
    [azure, 256],
  ] as const;
  for (const [kind, mib] of sizes) {
    test(`${kind.name}: ${mib} MiB`, { skip: kind.needs || needsPeakMemory }, async () => {
      const spec = await kind.make();
      const worker = new Worker({ spec, key: 'large', act: 'bulk', size: mib * MIB });
      try {
        const { grownBytes = 0 } = await worker.until((message) => message.grownBytes !== undefined);
        assert.ok(grownBytes < 200 * MIB, `${kind.name} grew by ${Math.round(grownBytes / MIB)} MiB`);
      } finally {
        await worker.kill();
      }
      await using store = await openSpec(spec);
      assert.equal((await store.head('large')).size, mib * MIB);
      await store.delete('large');
    });
  }
});
