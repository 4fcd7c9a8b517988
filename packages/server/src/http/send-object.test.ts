/** Objects on their way to clients that take them, that stall, and that go away; blobs that are not what they should be. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import type { BlobTiers } from '../blobs/blob-tiers.ts';
import { FileBlobStore } from '../blobs/files/file-blob-store.ts';
import { ALIGNMENT, SLAB_BYTES, SlabPool } from '../blobs/ingest/slab-pool.ts';
import type { SlabShare } from '../blobs/ingest/slab-pool.ts';
import type { Extent, OpenVersion, Version } from '../catalog/catalog.ts';
import { exchange } from './exchange.testing.ts';
import type { Exchange } from './exchange.testing.ts';
import { ClientGone } from './receive-body.ts';
import { sendObject } from './send-object.ts';

const EXTRA = 3;
const SLABS = EXTRA + 1;
/** More than the sockets of both ends hold. */
const LARGE = randomBytes(24 * 1024 * 1024);

interface Fixture extends Exchange {
  /** An extent that is a file of its own. */
  readonly file: (bytes: Buffer) => Extent;
  /** Sends bytes of an object of these extents, and an answer's head before them. */
  readonly send: (extents: readonly Extent[], range?: readonly [number, number]) => Promise<void>;
  /** Blobs that are open. */
  readonly open: () => number;
  /** How often the version was let go. */
  readonly released: () => number;
  /** Holds that all slabs have come back and all blobs are closed. */
  readonly assertClean: () => void;
}

async function setUp(t: TestContext): Promise<Fixture> {
  const root = mkdtempSync(join(tmpdir(), 'cistern-send-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const arrived = await exchange(t);
  const { response, guard } = arrived;
  const slabs = new CountingPool({ extra: EXTRA, perUser: SLABS });
  let files = 0;
  let open = 0;
  let released = 0;
  const blobs = counting(new FileBlobStore(root), (change) => (open += change));
  return {
    ...arrived,
    file: (bytes) => {
      const location = `1/${files++}`;
      const path = join(root, 'blobs', location);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
      return { start: 0, length: bytes.length, offset: 0, location, data: null, ...plain(bytes) };
    },
    send: (extents, [start, end] = [0, lengthOf(extents)]) => {
      const begin = (): void => void response.writeHead(200, { 'Content-Length': end - start });
      const version = openVersion(extents, () => released++);
      return sendObject(response, { blobs, slabs, guard }, { open: version, start, end, begin });
    },
    open: () => open,
    released: () => released,
    assertClean: () => {
      assert.equal(slabs.taken, 0);
      assert.equal(open, 0);
    },
  };
}

function counting(store: FileBlobStore, opened: (change: number) => void): Pick<BlobTiers, 'open'> {
  return {
    open: async ({ location }, { start, end }) => {
      const reader = await store.open(location ?? '', end - start);
      opened(1);
      return {
        outlivesBlob: true,
        alignment: ALIGNMENT,
        read: (into, position) => {
          // What a store may rely on.
          assert.equal(into.byteOffset % ALIGNMENT, 0);
          assert.equal(into.byteLength % ALIGNMENT, 0);
          assert.equal(position % ALIGNMENT, 0);
          return reader.read(into, position);
        },
        close: () => {
          opened(-1);
          return reader.close();
        },
      };
    },
  };
}

/** Counts the slabs that are with bodies. */
class CountingPool extends SlabPool {
  taken = 0;

  override share(): SlabShare {
    const share = super.share();
    return {
      take: () => {
        const slab = share.take();
        if (slab !== undefined) this.taken++;
        return slab;
      },
      give: (slab) => {
        share.give(slab);
        this.taken--;
      },
      whenFree: () => share.whenFree(),
    };
  }
}

const inline = (bytes: Buffer): Extent => ({
  start: 0,
  length: bytes.length,
  offset: 0,
  location: null,
  data: bytes,
  ...plain(bytes),
});

const plain = ({ length }: Buffer): Omit<Extent, 'start' | 'length' | 'offset' | 'location' | 'data'> => ({
  blob: 1,
  checked: false,
  tier: '',
  codec: 0,
  frames: null,
  logical: length,
});

const lengthOf = (extents: readonly Extent[]): number => extents.reduce((sum, { length }) => sum + length, 0);

/** An object of these extents, one after another. */
function openVersion(extents: readonly Extent[], release: () => void): OpenVersion {
  let start = 0;
  const placed = extents.map((extent) => {
    const at = { ...extent, start };
    start += extent.length;
    return at;
  });
  return {
    version: { extents: extents.length } as Version,
    held: null,
    extents: async (from, to) =>
      placed.filter((extent) => extent.start < to && extent.start + extent.length > from),
    release,
  };
}

/** What the client has got after the head of the answer, once the connection is at its end. */
async function bodyGot({ client, received }: Exchange): Promise<Buffer> {
  if (!client.closed) await once(client, 'close');
  const [, ...body] = received().split('\r\n\r\n');
  return Buffer.from(body.join('\r\n\r\n'), 'latin1');
}

/** The same after an answer that is whole. */
async function wholeBody(sent: Exchange): Promise<Buffer> {
  sent.client.end();
  return bodyGot(sent);
}

suite('an object', () => {
  test('that is kept in the catalog is sent whole, or a part of it', async (t) => {
    const bytes = randomBytes(60_000);
    for (const [start, end] of [
      [0, 60_000],
      [0, 1],
      [100, 40_000],
      [59_999, 60_000],
    ] as const) {
      const fixture = await setUp(t);
      await fixture.send([inline(bytes)], [start, end]);
      assert.ok((await wholeBody(fixture)).equals(bytes.subarray(start, end)));
      fixture.assertClean();
    }
  });

  test('that is a file is sent whole, or a part of it from any byte to any byte', async (t) => {
    const bytes = randomBytes(3 * SLAB_BYTES + 777);
    const { length } = bytes;
    for (const [start, end] of [
      [0, length],
      [0, 1],
      [length - 1, length],
      [ALIGNMENT - 1, ALIGNMENT + 1],
      [1, SLAB_BYTES],
      [1, SLAB_BYTES + 1],
      [SLAB_BYTES - 1, 2 * SLAB_BYTES + 1],
      [SLAB_BYTES, 2 * SLAB_BYTES],
      [5000, length - 5000],
    ] as const) {
      const fixture = await setUp(t);
      await fixture.send([fixture.file(bytes)], [start, end]);
      assert.ok((await wholeBody(fixture)).equals(bytes.subarray(start, end)), `${start} to ${end}`);
      fixture.assertClean();
    }
  });

  test('of several extents, of both kinds and from within blobs, is sent in their order', async (t) => {
    const pieces = [100, SLAB_BYTES + 5, 70_000, 1, 2 * SLAB_BYTES].map((size) => randomBytes(size));
    const whole = Buffer.concat(pieces.map((piece) => piece.subarray(0, -1)).concat(Buffer.from('end')));
    const cuts = [
      [0, whole.length],
      [50, 60],
      [50, 200],
      [98, SLAB_BYTES + 110],
      [whole.length - 4, whole.length],
    ] as const;
    for (const [start, end] of cuts) {
      const fixture = await setUp(t);
      const extents = pieces.map((piece, i) => {
        // A byte before, and the last one after what belongs to the object.
        const blob = Buffer.concat([Buffer.of(0x55), piece]);
        const extent = i % 2 === 0 ? inline(blob) : fixture.file(blob);
        return { ...extent, offset: 1, length: piece.length - 1 };
      });
      const present = extents.filter(({ length }) => length > 0);
      await fixture.send([...present, inline(Buffer.from('end'))], [start, end]);
      assert.ok((await wholeBody(fixture)).equals(whole.subarray(start, end)), `${start} to ${end}`);
      fixture.assertClean();
    }
  });

  test('of many small extents waits for its client, and so do those of files', async (t) => {
    const piece = LARGE.subarray(0, 60_000);
    for (const kind of ['inline', 'file'] as const) {
      const fixture = await setUp(t);
      const { client, response } = fixture;
      client.pause();
      const extent = kind === 'inline' ? inline(piece) : fixture.file(piece);
      const sending = fixture.send(Array.from({ length: 400 }, () => extent));
      const most = kind === 'inline' ? 9 * piece.length : SLABS * piece.length;
      await stuck(fixture, most);
      assert.equal(response.writableLength, most);
      client.resume();
      await sending;
      assert.equal((await wholeBody(fixture)).length, 400 * piece.length);
      fixture.assertClean();
    }
  });

  test('is held no longer than until it is open, where that is one run of bytes', async (t) => {
    const fixture = await setUp(t);
    fixture.client.pause();
    const sending = fixture.send([fixture.file(LARGE)]);
    await stuck(fixture, SLABS * SLAB_BYTES);
    assert.equal(fixture.released(), 1);
    assert.equal(fixture.open(), 1);
    fixture.client.resume();
    await sending;
    assert.ok((await wholeBody(fixture)).equals(LARGE));
  });

  test('of several runs is held by who sends it, to the end', async (t) => {
    const fixture = await setUp(t);
    await fixture.send([fixture.file(Buffer.from('one')), fixture.file(Buffer.from('two'))]);
    assert.equal((await wholeBody(fixture)).toString(), 'onetwo');
    assert.equal(fixture.released(), 0);
  });
});

/**
 * Resolves when so many bytes are on their way, which is all that may be, and their client takes none of them: its own
 * system still does for a moment.
 */
async function stuck({ response }: Exchange, bytes: number): Promise<void> {
  for (let turns = 0; turns < 10; turns++) {
    await delay(5);
    if (response.writableLength < bytes) turns = 0;
  }
}

suite('a client', () => {
  test('that goes away leaves no memory taken and no blob open', async (t) => {
    const fixture = await setUp(t);
    const sending = fixture.send([fixture.file(LARGE)]);
    const refused = assert.rejects(sending, ClientGone);
    await fixture.got(/\r\n\r\n/);
    fixture.client.destroy();
    await refused;
    fixture.assertClean();
  });

  test('that goes away while nothing more can be sent to it, too', async (t) => {
    for (const kind of ['inline', 'file'] as const) {
      const fixture = await setUp(t);
      fixture.client.pause();
      const extents =
        kind === 'file' ? [fixture.file(LARGE)] : Array.from({ length: 3 }, () => inline(LARGE));
      const refused = assert.rejects(fixture.send(extents), ClientGone);
      await stuck(fixture, SLABS * SLAB_BYTES);
      fixture.client.destroy();
      await refused;
      fixture.assertClean();
    }
  });

  test('that had gone before is sent nothing', async (t) => {
    const fixture = await setUp(t);
    fixture.client.destroy();
    await once(fixture.response, 'close');
    await assert.rejects(fixture.send([fixture.file(LARGE)]), ClientGone);
    fixture.assertClean();
  });

  test('that stalls is disconnected, and leaves nothing', async (t) => {
    const fixture = await setUp(t);
    fixture.client.pause();
    const refused = assert.rejects(fixture.send([fixture.file(LARGE)]), ClientGone);
    await stuck(fixture, SLABS * SLAB_BYTES);
    // So much that went into the sockets counts for the window in which it went.
    fixture.pass(10_001);
    fixture.pass(9000);
    assert.equal(fixture.response.destroyed, false);
    fixture.pass(1001);
    assert.equal(fixture.response.destroyed, true);
    await refused;
    fixture.assertClean();
  });

  test('whose answer is whole is not watched any more', async (t) => {
    const fixture = await setUp(t);
    await fixture.send([inline(Buffer.from('hello'))]);
    fixture.pass(100_000);
    assert.equal(fixture.request.socket.destroyed, false);
    assert.equal((await wholeBody(fixture)).toString(), 'hello');
  });
});

suite('a broken object is never taken for a whole one', () => {
  const SIZE = 2 * SLAB_BYTES + 100;

  for (const missing of [1, 100, 101, SLAB_BYTES, SIZE]) {
    test(`when its file is shorter by ${missing} bytes`, async (t) => {
      const fixture = await setUp(t);
      const extent = fixture.file(randomBytes(SIZE - missing));
      await assert.rejects(fixture.send([{ ...extent, length: SIZE }]), /shorter than it should be/);
      // Of which nothing could be sent, the caller can say so.
      assert.equal(fixture.response.headersSent, missing < SIZE);
      assert.equal(fixture.response.destroyed, missing < SIZE);
      fixture.response.destroy();
      assert.ok((await bodyGot(fixture)).length < SIZE);
      fixture.assertClean();
    });
  }

  test('when its file is not there', async (t) => {
    const fixture = await setUp(t);
    const extent = { ...fixture.file(Buffer.from('x')), location: '1/absent' };
    await assert.rejects(fixture.send([inline(Buffer.from('begin')), extent]), { code: 'ENOENT' });
    assert.ok(fixture.response.destroyed);
    assert.ok((await bodyGot(fixture)).length <= 5);
    fixture.assertClean();
  });

  test('when its extents do not cover it', async (t) => {
    const fixture = await setUp(t);
    await assert.rejects(fixture.send([inline(Buffer.from('hello'))], [0, 6]), /do not cover/);
    assert.ok(fixture.response.destroyed);
    await bodyGot(fixture);
    fixture.assertClean();
  });
});
