/** Followers of uploads in a catalog: when they go on, when they end, and what breaks them off. */

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { multipartETag } from '@cistern/protocol';
import { EpochWriter } from '../../catalog/epochs.ts';
import { extentsOf } from '../../catalog/extents.ts';
import { deletions, publication } from '../../catalog/requests.fixtures.ts';
import { openSqliteStore } from '../../catalog/sqlite/sqlite-store.testing.ts';
import type { SqliteStore } from '../../catalog/sqlite/sqlite-store.testing.ts';
import { begin, complete as completeAny, copyRange, send } from '../../catalog/upload-requests.fixtures.ts';
import type { CompletionRequest, PublishedPart, UploadName } from '../../catalog/uploads.ts';
import { ClientGone } from '../../http/receive-body.ts';
import { BrokenBody } from '../../http/send-object.ts';
import type { Piece } from '../../http/send-object.ts';
import { followUpload } from './follow-upload.ts';

interface Follower {
  readonly reader: AbortController;
  /** The next piece, which stays open until the one after it is asked for; null: a normal end. */
  next(): Promise<string | null>;
  /** The same, left as it is. */
  piece(): Promise<Piece>;
  /** All that comes, to a normal end. */
  rest(): Promise<string>;
}

interface Fixture extends SqliteStore {
  readonly bucket: number;
  readonly name: UploadName;
  readonly part: (number: number, text: string) => Promise<PublishedPart>;
  /** Of these parts, or all. */
  readonly completion: (numbers?: readonly number[]) => Promise<CompletionRequest>;
  readonly complete: (numbers?: readonly number[]) => Promise<unknown>;
  readonly follow: (range?: { start?: number; end?: number | null }) => Follower;
  /** Uploads that are watched. */
  readonly watched: () => number;
  readonly assertNothingHeld: () => void;
}

const md5 = (text: string): string => hash('md5', text);

async function readPiece({ open, start, end }: Piece): Promise<string> {
  let text = '';
  for await (const extent of extentsOf(open, start, end)) {
    const from = Math.max(start - extent.start, 0) + extent.offset;
    const to = Math.min(end - extent.start, extent.length) + extent.offset;
    text += Buffer.from(extent.data ?? []).toString('latin1', from, to);
  }
  return text;
}

async function setUp(t: TestContext): Promise<Fixture> {
  const store = openSqliteStore(t);
  const { catalog, memory, queue } = store;
  const { id: bucket } = await catalog.createBucket({ name: 'films', owner: 'alice', region: 'r' });
  const name = await begin(catalog, { bucket, key: 'k' });
  const { uploads } = catalog;
  const watch = uploads.watchUpload.bind(uploads);
  let watched = 0;
  uploads.watchUpload = async (upload, listener) => {
    const stop = await watch(upload, listener);
    watched++;
    return () => {
      watched--;
      stop();
    };
  };
  const follow: Fixture['follow'] = ({ start = 0, end = null } = {}) => {
    const reader = new AbortController();
    const pieces = followUpload({ uploads, name, start, end, signal: reader.signal });
    let open: Piece['open'] | undefined;
    const next = async (): Promise<Piece | null> => {
      open?.release();
      const result = await pieces.next();
      open = result.done === true ? undefined : result.value.open;
      return result.done === true ? null : result.value;
    };
    const text = async (): Promise<string | null> => {
      const piece = await next();
      return piece === null ? null : readPiece(piece);
    };
    return {
      reader,
      next: text,
      piece: async () => (await next()) as Piece,
      rest: async () => {
        let all = '';
        for (let more = await text(); more !== null; more = await text()) all += more;
        return all;
      },
    };
  };
  const completion: Fixture['completion'] = async (numbers) => {
    const { parts } = await uploads.listParts({ manifest: name.upload, after: 0, limit: 10 });
    const listed = parts.filter(({ number }) => numbers?.includes(number) ?? true);
    return {
      ...name,
      numbers: listed.map(({ number }) => number),
      seqs: listed.map(({ seq }) => seq),
      partList: Buffer.from('list'),
      etag: multipartETag(listed.map(({ etag }) => etag)),
      checksumValue: null,
      condition: null,
    };
  };
  return {
    ...store,
    bucket,
    completion,
    complete: async (numbers) => uploads.completeUpload(await completion(numbers)),
    name,
    part: (number, body) => send(catalog, name, number, body, { etag: md5(body) }),
    follow,
    watched: () => watched,
    assertNothingHeld: () => {
      assert.equal(watched, 0);
      assert.ok(new EpochWriter(memory).passed(queue.sequence + 1), 'an epoch was not left');
    },
  };
}

function goingOnTests(): void {
  test('as parts come in any order, held by a gap, to a normal end', async (t) => {
    const { complete, part, follow, assertNothingHeld } = await setUp(t);
    const follower = follow();
    const first = follower.next();
    await part(3, 'three');
    await part(1, 'one');
    assert.equal(await first, 'one');
    const second = follower.next();
    await part(4, 'four');
    await part(2, 'two');
    assert.equal(await second, 'two');
    assert.equal(await follower.next(), 'three');
    assert.equal(await follower.next(), 'four');
    const last = follower.next();
    await complete();
    assert.equal(await last, null);
    assertNothingHeld();
  });

  test('when a part that it has is sent again as it was, also while it waits', async (t) => {
    const { complete, part, follow, assertNothingHeld } = await setUp(t);
    await part(1, 'one');
    const follower = follow();
    assert.equal(await follower.next(), 'one');
    const second = follower.next();
    await part(1, 'one');
    await part(1, 'one');
    await part(2, 'two');
    assert.equal(await second, 'two');
    await part(2, 'two');
    await complete();
    assert.equal(await follower.next(), null);
    assertNothingHeld();
  });

  test('with what a part is by the time that its turn comes', async (t) => {
    const { part, follow } = await setUp(t);
    await part(2, 'old');
    const follower = follow();
    const first = follower.next();
    await part(2, 'new');
    await part(1, 'one');
    assert.equal(await first, 'one');
    assert.equal(await follower.next(), 'new');
  });

  test('from the byte and to the byte that it asked for', async (t) => {
    const { part, follow, assertNothingHeld } = await setUp(t);
    await part(1, '0123');
    await part(2, '');
    const follower = follow({ start: 5, end: 9 });
    const first = follower.next();
    await part(3, '456');
    assert.equal(await first, '56');
    const second = follower.next();
    await part(4, '789');
    assert.equal(await second, '78');
    assert.equal(await follower.next(), null, 'though the upload is still open');
    assertNothingHeld();
  });
}

/** What is done to an upload of parts 1 (`one`) and 2 (`two`), of which the reader has the first, or is sent it. */
const BREAKS: readonly [string, (fixture: Fixture) => Promise<unknown>][] = [
  ['that it has is replaced by other bytes', ({ part }) => part(1, 'eno')],
  ['that it has is replaced by fewer bytes', ({ part }) => part(1, 'on')],
  ['that it has is left out on completion', ({ complete }) => complete([2])],
];

function breakingTests(): void {
  for (const [what, change] of BREAKS) {
    test(`at once when a part ${what}`, async (t) => {
      const fixture = await setUp(t);
      const { part, follow, assertNothingHeld } = fixture;
      await part(1, 'one');
      const sending = follow();
      await sending.piece();
      const waiting = follow();
      assert.equal(await waiting.next(), 'one');
      const waits = waiting.next();
      await part(2, 'two');
      assert.equal(await waits, 'two');
      const waits2 = waiting.next();
      await change(fixture);
      await assert.rejects(waits2, BrokenBody);
      await assert.rejects(sending.next(), BrokenBody);
      assertNothingHeld();
    });
  }

  test('at once when the upload is aborted', async (t) => {
    const { catalog, name, part, follow, assertNothingHeld } = await setUp(t);
    await part(1, 'one');
    const sending = follow();
    const piece = await sending.piece();
    const waiting = follow({ start: 3 });
    const waits = waiting.next();
    await catalog.uploads.abortUpload(name);
    await assert.rejects(waits, BrokenBody);
    assert.equal(await readPiece(piece), 'one', 'what was opened can be read');
    await assert.rejects(sending.next(), BrokenBody);
    await assert.rejects(follow().next(), BrokenBody);
    assertNothingHeld();
  });

  test('when its client is gone, and lets go of everything', async (t) => {
    const { part, follow, watched, assertNothingHeld } = await setUp(t);
    await part(1, 'one');
    const follower = follow();
    assert.equal(await follower.next(), 'one');
    const waits = follower.next();
    assert.equal(watched(), 1);
    follower.reader.abort(new ClientGone());
    await assert.rejects(waits, ClientGone);
    const early = follow();
    early.reader.abort(new ClientGone());
    await assert.rejects(early.next(), ClientGone);
    assertNothingHeld();
  });

  test('when a part of many pieces is replaced while it is read', async (t) => {
    const { catalog, bucket, name, part, follow, assertNothingHeld } = await setUp(t);
    const source = await begin(catalog, { bucket, key: 'source' });
    for (let number = 1; number <= 20; number++) await send(catalog, source, number, 'x');
    await completeAny(catalog, source);
    await copyRange(catalog, name, {
      number: 1,
      sourceBucket: bucket,
      sourceKey: 'source',
      start: 0,
      end: 20,
    });
    const follower = follow();
    const piece = await follower.piece();
    assert.equal(await readPiece(piece), 'x'.repeat(20));
    await part(1, 'y'.repeat(20));
    await assert.rejects(readPiece(piece), BrokenBody);
    await assert.rejects(follower.next(), BrokenBody);
    assertNothingHeld();
  });
}

function completeTests(): void {
  test('is sent the object, also when parts that it does not have were left out', async (t) => {
    const { complete, part, follow, assertNothingHeld } = await setUp(t);
    for (const number of [1, 2, 3]) await part(number, String(number));
    const follower = follow();
    assert.equal(await follower.next(), '1');
    await complete([1, 3]);
    assert.equal(await follower.rest(), '3');
    assert.equal(await follow().rest(), '13');
    assert.equal(await follow({ start: 1, end: 2 }).rest(), '3');
    assert.equal(await follow({ start: 2 }).rest(), '');
    assertNothingHeld();
  });

  test('keeps the object that somebody overwrites', async (t) => {
    const { catalog, bucket, complete, part, reaper, follow, assertNothingHeld } = await setUp(t);
    for (const number of [1, 2, 3]) await part(number, String(number));
    const follower = follow();
    await follower.piece();
    await complete();
    await catalog.publishVersion(publication({ bucket, key: 'k' }));
    while (await reaper.step());
    assert.equal(await follower.rest(), '23');
    assertNothingHeld();
    await assert.rejects(follow().next(), BrokenBody);
  });

  test('of which an object came and went in one moment: who had all of it ends, who had not is broken off', async (t) => {
    const { catalog, bucket, completion, part, follow, assertNothingHeld } = await setUp(t);
    await part(1, 'one');
    const all = follow();
    await all.piece();
    await part(2, 'two');
    await all.piece();
    const some = follow();
    await some.piece();
    const request = await completion();
    // One commit has both.
    const both = [catalog.uploads.completeUpload(request), catalog.deleteVersions(bucket, deletions('k'))];
    await Promise.all(both);
    assert.equal(await catalog.findVersion(bucket, 'k'), undefined);
    assert.equal(await all.next(), null);
    await assert.rejects(some.next(), BrokenBody);
    assertNothingHeld();
  });
}

suite('a follower', () => {
  suite('goes on', () => goingOnTests());
  suite('is broken off', () => breakingTests());
  suite('of a complete upload', () => completeTests());
});
