/** @module What a fork is asked for with, and how snapshots are told. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawHeaders } from '../raw-headers.ts';
import { encodeSnapshot, encodeSnapshots, parseFork } from './snapshots.ts';

const fork = (source: string, time?: string): ReturnType<typeof parseFork> =>
  parseFork(
    new RawHeaders([
      'x-cistern-fork-source',
      source,
      ...(time === undefined ? [] : ['x-cistern-fork-time', time]),
    ]),
  );

test('a fork is of a bucket, of a snapshot, or of a bucket at a time', () => {
  assert.deepEqual(fork('photos'), { source: 'photos', sourceExpectedOwner: undefined, untilMs: undefined });
  assert.equal(fork('photos--daily--snap').source, 'photos--daily--snap');
  for (const [time, untilMs] of [
    ['2026-01-31T12:00:00.250Z', Date.UTC(2026, 0, 31, 12, 0, 0, 250)],
    ['2026-01-31T12:00:00.5Z', Date.UTC(2026, 0, 31, 12, 0, 0, 500)],
    ['2026-01-31T12:00:00Z', Date.UTC(2026, 0, 31, 12, 0, 0, 999)],
    ['Sat, 31 Jan 2026 12:00:00 GMT', Date.UTC(2026, 0, 31, 12, 0, 0, 999)],
  ] as const) {
    assert.equal(fork('photos', time).untilMs, untilMs, time);
  }
});

test('what is no source and no time is refused', () => {
  assert.throws(() => parseFork(new RawHeaders([])), { code: 'InvalidRequest' });
  assert.throws(() => fork('No_Bucket'), { code: 'InvalidBucketName' });
  assert.throws(() => fork('photos--Daily--snap'), { code: 'InvalidBucketName' });
  assert.throws(() => fork('photos--daily--snap', '2026-01-31T12:00:00Z'), { code: 'InvalidArgument' });
  for (const time of [
    '',
    'yesterday',
    '1700000000',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-13-31T12:00:00Z',
  ]) {
    assert.throws(() => fork('photos', time), { code: 'InvalidArgument' }, time);
  }
});

test('snapshots are told with the name that they are read as', () => {
  const snapshot = { name: 'daily', createdMs: 0 };
  const told =
    '<Name>daily</Name><CreationDate>1970-01-01T00:00:00.000Z</CreationDate><ReadAs>photos--daily--snap</ReadAs>';
  assert.ok(encodeSnapshot('photos', snapshot).endsWith(`>${told}</CreateSnapshotResult>`));
  assert.ok(
    encodeSnapshots('photos', [snapshot]).endsWith(
      `<Bucket>photos</Bucket><Snapshot>${told}</Snapshot></ListSnapshotsResult>`,
    ),
  );
});
