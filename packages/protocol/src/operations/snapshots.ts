/**
 * @module The operations on snapshots and forks of a bucket, which S3 does not have: their headers and documents. They
 * are written in S3's manner, so that its clients can sign and read them.
 */

import { formatIsoDate, parseHttpDate } from '../dates.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import { checkBucketName, parseSnapshotBucket, snapshotBucketName } from '../names.ts';
import type { RawHeaders } from '../raw-headers.ts';
import { S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';

export interface SnapshotEntry {
  readonly name: string;
  readonly createdMs: number;
}

export function encodeSnapshot(bucket: string, snapshot: SnapshotEntry): string {
  return `${XML_DECLARATION}<CreateSnapshotResult xmlns="${S3_NAMESPACE}">${entry(bucket, snapshot)}</CreateSnapshotResult>`;
}

export function encodeSnapshots(bucket: string, snapshots: readonly SnapshotEntry[]): string {
  let xml = `${XML_DECLARATION}<ListSnapshotsResult xmlns="${S3_NAMESPACE}"><Bucket>${bucket}</Bucket>`;
  for (const snapshot of snapshots) xml += `<Snapshot>${entry(bucket, snapshot)}</Snapshot>`;
  return `${xml}</ListSnapshotsResult>`;
}

/** Names of buckets and of snapshots need no escaping. */
function entry(bucket: string, { name, createdMs }: SnapshotEntry): string {
  const readAs = snapshotBucketName(bucket, name);
  return `<Name>${name}</Name><CreationDate>${formatIsoDate(createdMs)}</CreationDate><ReadAs>${readAs}</ReadAs>`;
}

export interface ForkInput {
  /** A bucket, or a snapshot under the name that it is read as. */
  readonly source: string;
  readonly sourceExpectedOwner: string | undefined;
  /** The last millisecond that counts; undefined: as the source is. */
  readonly untilMs: number | undefined;
}

const SOURCE = 'x-cistern-fork-source';
const TIME = 'x-cistern-fork-time';

/** @throws S3Error InvalidRequest, InvalidArgument, InvalidBucketName */
export function parseFork(headers: RawHeaders): ForkInput {
  const source = headers.get(SOURCE);
  if (source === undefined) {
    throw new S3Error('InvalidRequest', `Missing required header for this request: ${SOURCE}`);
  }
  checkBucketName(source);
  const time = headers.get(TIME);
  if (time !== undefined && parseSnapshotBucket(source) !== undefined) {
    throw invalidArgument(
      'A snapshot is of one point in time: leave the time out, or fork its bucket.',
      TIME,
      time,
    );
  }
  return {
    source,
    sourceExpectedOwner: headers.get('x-amz-source-expected-bucket-owner'),
    untilMs: time === undefined ? undefined : parseForkTime(time),
  };
}

const WITH_MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,3}Z$/;
const SECOND_MS = 1000;

/** A time in whole seconds, as Last-Modified is, means the whole second: what shows that time is in it. */
function parseForkTime(text: string): number {
  const second = parseHttpDate(text);
  if (second === undefined) {
    throw invalidArgument(
      'The time is neither an HTTP date nor ISO 8601 in UTC (2026-01-31T12:00:00Z).',
      TIME,
      text,
    );
  }
  return WITH_MILLISECONDS.test(text.trim()) ? Date.parse(text.trim()) : second + SECOND_MS - 1;
}
