/** The checker's verdict on histories that are known to be good or bad. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { Answer, Operation, Request } from './history.ts';
import { Pieces } from './pieces.ts';
import { explain } from './verdict.ts';

const pieces = new Pieces();
const [A, B, C] = [pieces.make(20), pieces.make(30), pieces.make(100_000)];
const etag = (piece: number): string => pieces.get(piece).md5;
const size = (piece: number): number => pieces.get(piece).bytes.length;

const OK: Answer = { status: 200 };
const GONE: Answer = { status: 204 };
const NONE: Answer = { status: 404 };
const REFUSED: Answer = { status: 412 };

const put = (key: number, piece: number): Request => ({ kind: 'put', key, piece });
const create = (key: number, piece: number): Request => ({ kind: 'put', key, piece, condition: 'absent' });
const swap = (key: number, old: number, piece: number): Request => ({
  kind: 'put',
  key,
  piece,
  condition: { etag: etag(old) },
});
const get = (key: number, version?: string): Request => ({
  kind: 'get',
  key,
  ...(version !== undefined && { version }),
});
const remove = (key: number): Request => ({ kind: 'delete', key });
const append = (key: number, piece: number, offset: number): Request => ({
  kind: 'append',
  key,
  piece,
  offset,
});
const list: Request = { kind: 'list', keys: [0, 1] };
const body = (...made: number[]): Answer => ({
  status: 200,
  pieces: made,
  ...(made.length === 1 && { etag: etag(made[0] as number) }),
});
const listing = (...held: (readonly [number, number])[]): Answer => ({
  status: 200,
  entries: held.map(([key, piece]) => ({ key, etag: etag(piece), size: size(piece) })),
});

/** Client, when it was called and when it ended, what was asked, and the answer. */
type Line = readonly [client: number, called: number, ended: number, request: Request, answer?: Answer];

function history(lines: readonly Line[], versioned = false): string | undefined {
  const operations = lines.map(([client, called, ended, request, answer], number): Operation => ({
    number,
    client,
    called,
    ended,
    request,
    answer,
  }));
  return explain({ operations, pieces, keys: 3, versioned });
}

const good = (name: string, lines: readonly Line[], versioned = false): Promise<void> =>
  test(name, () => assert.equal(history(lines, versioned), undefined));
const bad = (name: string, lines: readonly Line[], versioned = false): Promise<void> =>
  test(name, () => assert.match(history(lines, versioned) ?? 'linearizable', /^not linearizable/));

suite('linearizable', () => {
  void good('one after another', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 4, get(0), body(A)],
    [0, 5, 6, remove(0), GONE],
    [1, 7, 8, get(0), NONE],
  ]);
  void good('a read sees a write that is under way, or not', [
    [0, 1, 10, put(0, A), OK],
    [1, 2, 3, get(0), NONE],
    [2, 4, 5, get(0), body(A)],
  ]);
  void good('two writes in either order', [
    [0, 1, 10, put(0, A), OK],
    [1, 1, 10, put(0, B), OK],
    [2, 11, 12, get(0), body(A)],
  ]);
  void good('what was not answered has happened much later', [
    [0, 1, 20, put(0, B)],
    [1, 2, 3, put(0, A), OK],
    [1, 4, 5, get(0), body(A)],
    [1, 6, 7, get(0), body(B)],
  ]);
  void good('or never', [
    [0, 1, 3, put(0, B)],
    [1, 4, 5, get(0), NONE],
  ]);
  void good('one of two conditional writes succeeds', [
    [0, 1, 5, create(0, A), REFUSED],
    [1, 2, 6, create(0, B), OK],
    [2, 7, 8, swap(0, B, C), OK],
  ]);
  void good('a rename between two listings', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 9, { kind: 'rename', from: 0, key: 1 }, OK],
    [2, 4, 5, list, listing([0, A])],
    [2, 6, 7, list, listing([1, A])],
  ]);
  void good('a copy of what is replaced at the same time', [
    [0, 1, 2, put(0, A), OK],
    [0, 3, 9, put(0, B), OK],
    [1, 4, 8, { kind: 'copy', from: 0, key: 1 }, { status: 200, etag: etag(A) }],
    [2, 10, 11, list, listing([0, B], [1, A])],
  ]);
  void good('appends in the order that their offsets say', [
    [0, 1, 9, append(0, B, size(A)), OK],
    [1, 2, 8, append(0, A, 0), OK],
    [2, 10, 11, get(0), body(A, B)],
    [2, 12, 13, append(0, C, 1), { status: 400 }],
  ]);
});

suite('not linearizable', () => {
  void bad('a stale read', [
    [0, 1, 2, put(0, A), OK],
    [0, 3, 4, put(0, B), OK],
    [1, 5, 6, get(0), body(A)],
  ]);
  void bad('reads that go back', [
    [0, 1, 10, put(0, A), OK],
    [1, 2, 3, get(0), body(A)],
    [2, 4, 5, get(0), NONE],
  ]);
  void bad('a lost write', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 4, get(0), NONE],
  ]);
  void bad('a write that is seen before it is asked for', [
    [0, 1, 2, get(0), body(A)],
    [1, 3, 4, put(0, A), OK],
  ]);
  void bad('a write that was refused', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 4, create(0, B), REFUSED],
    [1, 5, 6, get(0), body(B)],
  ]);
  void bad('a value from nowhere', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 4, get(0), body(C)],
  ]);
  void bad('two creations of a key', [
    [0, 1, 5, create(0, A), OK],
    [1, 2, 6, create(0, B), OK],
  ]);
  void bad('two writers that replace the same value', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 8, swap(0, A, B), OK],
    [2, 4, 9, swap(0, A, C), OK],
  ]);
  void bad('a refusal for a reason that was not there', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 4, swap(0, A, B), REFUSED],
  ]);
  void bad('a deleted object that comes back', [
    [0, 1, 2, put(0, A), OK],
    [0, 3, 4, remove(0), GONE],
    [1, 5, 6, get(0), NONE],
    [1, 7, 8, get(0), body(A)],
  ]);
  void bad('a listing without a key that was written', [
    [0, 1, 2, put(0, A), OK],
    [0, 3, 4, put(1, B), OK],
    [1, 5, 6, list, listing([1, B])],
  ]);
  void bad('two listings that see two writes in different orders', [
    [0, 1, 9, put(0, A), OK],
    [1, 1, 9, put(1, B), OK],
    [2, 2, 8, list, listing([0, A])],
    [3, 2, 8, list, listing([1, B])],
  ]);
  void bad('a listing with another size', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 4, list, { status: 200, entries: [{ key: 0, etag: etag(A), size: size(B) }] }],
  ]);
  void bad('half of a rename, seen from its source', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 9, { kind: 'rename', from: 0, key: 1 }, OK],
    [2, 4, 5, list, listing()],
  ]);
  void bad('half of a rename, seen from its destination', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 9, { kind: 'rename', from: 0, key: 1 }, OK],
    [2, 4, 5, list, listing([0, A], [1, A])],
  ]);
  void bad('a rename that was not answered, by halves', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 9, { kind: 'rename', from: 0, key: 1 }],
    [2, 10, 11, get(1), body(A)],
    [2, 12, 13, get(0), body(A)],
  ]);
  void bad('a copy of what was replaced before it', [
    [0, 1, 2, put(0, A), OK],
    [0, 3, 4, put(0, B), OK],
    [1, 5, 6, { kind: 'copy', from: 0, key: 1 }, { status: 200, etag: etag(A) }],
  ]);
  void bad('a torn append', [
    [0, 1, 2, append(0, A, 0), OK],
    [1, 3, 8, append(0, B, size(A)), OK],
    [2, 9, 10, get(0), body(B)],
  ]);
  void bad('two appends at one offset', [
    [0, 1, 2, append(0, A, 0), OK],
    [1, 3, 8, append(0, B, size(A)), OK],
    [2, 3, 8, append(0, C, size(A)), OK],
  ]);
  void bad('an append over a write that came between', [
    [0, 1, 2, put(0, A), OK],
    [1, 3, 4, put(0, B), OK],
    [2, 5, 6, append(0, C, size(A)), OK],
  ]);
  void bad('what was not answered, after a restart that did not show it', [
    [0, 1, 5, put(0, A)],
    [1, 4.5, 4.8, get(0), NONE],
    [1, 6, 7, get(0), NONE],
    [1, 8, 9, get(0), body(A)],
  ]);
});

const made = (version: string): Answer => ({ status: 200, version });
const marked = (version: string): Answer => ({ status: 204, version });
const shown = (piece: number, version: string): Answer => ({ ...body(piece), version });
const versionsOf = (...held: (readonly [string, number | undefined])[]): Answer => ({
  status: 200,
  entries: held.map(([version, piece], i) => ({
    key: 0,
    version,
    etag: piece === undefined ? undefined : etag(piece),
    latest: i === 0,
  })),
});

suite('with versions', () => {
  const two: readonly Line[] = [
    [0, 1, 2, put(0, A), made('a')],
    [0, 3, 4, put(0, B), made('b')],
  ];
  void good(
    'versions are listed newest first, and read by name',
    [
      ...two,
      [1, 5, 6, list, versionsOf(['b', B], ['a', A])],
      [1, 7, 8, get(0, 'a'), shown(A, 'a')],
      [1, 9, 10, get(0), shown(B, 'b')],
    ],
    true,
  );
  void good(
    'a delete marker hides, and is deleted by name',
    [
      ...two,
      [0, 5, 6, remove(0), marked('m')],
      [1, 7, 8, get(0), { status: 404, version: 'm' }],
      [1, 9, 10, list, versionsOf(['m', undefined], ['b', B], ['a', A])],
      [1, 11, 12, { kind: 'delete', key: 0, version: 'm' }, GONE],
      [1, 13, 14, get(0), shown(B, 'b')],
    ],
    true,
  );
  void good(
    'a version that nobody was told of',
    [
      [0, 1, 20, put(0, A)],
      [1, 2, 3, list, versionsOf(['x', A])],
    ],
    true,
  );
  void good(
    'a copy that names the delete marker that it found',
    [
      [0, 1, 2, put(0, A), made('a')],
      [0, 3, 4, remove(0), marked('m')],
      [0, 5, 6, { kind: 'copy', from: 0, key: 1 }, { status: 404, version: 'm' }],
      [1, 7, 8, list, versionsOf(['m', undefined], ['a', A])],
    ],
    true,
  );
  void bad(
    'versions in another order than they were written',
    [...two, [1, 5, 6, list, versionsOf(['a', A], ['b', B])]],
    true,
  );
  void bad('a version that was overwritten is gone', [...two, [1, 5, 6, list, versionsOf(['b', B])]], true);
  void bad(
    'a version that was deleted is still read',
    [
      ...two,
      [0, 5, 6, { kind: 'delete', key: 0, version: 'a' }, GONE],
      [1, 7, 8, get(0, 'a'), shown(A, 'a')],
    ],
    true,
  );
  void bad('the id of another version', [...two, [1, 5, 6, get(0), shown(B, 'a')]], true);
  void bad(
    'a delete marker that is not there any more',
    [...two, [0, 5, 6, remove(0), marked('m')], [1, 7, 8, get(0), shown(B, 'b')]],
    true,
  );
  void bad(
    'two latest versions',
    [
      ...two,
      [
        1,
        5,
        6,
        list,
        {
          status: 200,
          entries: versionsOf(['b', B], ['a', A]).entries?.map((entry) => ({ ...entry, latest: true })),
        },
      ],
    ],
    true,
  );
});

test('a report has the few operations that matter', () => {
  const lines: Line[] = [];
  for (let i = 0; i < 40; i++) lines.push([0, 10 * i + 1, 10 * i + 2, get(i % 2 === 0 ? 1 : 2), NONE]);
  lines.push([1, 401, 402, put(0, A), OK], [1, 403, 404, put(1, B), OK], [2, 405, 406, get(0), NONE]);
  const report = history(lines) ?? '';
  assert.match(report, /not linearizable: 405–406 {5}client 2 #42 get/);
  assert.deepEqual(
    [...report.matchAll(/^ {2}\d+–\d+ .*? #(\d+) /gm)].map(([, number]) => number),
    ['40', '42'],
  );
});

test('a long history with many at once is decided in a moment', () => {
  const lines: Line[] = [];
  for (let round = 0; round < 150; round++) {
    const at = round * 100;
    const written = Array.from({ length: 12 }, () => pieces.make(16));
    for (const [client, piece] of written.entries())
      lines.push([client, at + client, at + 50 + client, put(client % 3, piece), OK]);
    // What the first of each key wrote is what is left: the search has to put it last.
    for (const key of [0, 1, 2])
      lines.push([12, at + 70 + key * 2, at + 71 + key * 2, get(key), body(written[key] as number)]);
  }
  assert.equal(history(lines), undefined);
});
