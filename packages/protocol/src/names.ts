/**
 * @module Which names buckets and snapshots may have, and under which bucket name a snapshot is read.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
 */

import { invalidArgument, S3Error } from './errors.ts';

const SHAPE = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const RESERVED_PREFIXES = ['xn--', 'sthree-', 'amzn-s3-demo-'];
const RESERVED_SUFFIXES = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3'];

/** Reserved as S3 reserves its own: what ends so is a snapshot of a bucket. */
const SNAPSHOT_SUFFIX = '--snap';
const SEPARATOR = '--';
/** Such that every name made of them passes what clients check, and can be told apart from its bucket's. */
const SNAPSHOT = /^(?!.*--)(?:[a-z0-9]|[a-z0-9][a-z0-9.-]{0,38}[a-z0-9])$/;

/** Whether a bucket may be created under this name. */
export function isValidBucketName(name: string): boolean {
  return isBucketName(name) && !name.endsWith(SNAPSHOT_SUFFIX);
}

function isBucketName(name: string): boolean {
  return (
    SHAPE.test(name) &&
    !name.includes('..') &&
    !IPV4.test(name) &&
    !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) &&
    !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix))
  );
}

/** Checks a name that a bucket is to be created under. @throws S3Error InvalidBucketName */
export function checkNewBucketName(name: string): void {
  if (!isValidBucketName(name)) throw invalidBucketName(name);
}

/** The name that was checked last, and is one: the requests of a client go to few buckets. */
let knownName: string | undefined;

/** Checks a name that a bucket, or a snapshot of one, is addressed by. @throws S3Error InvalidBucketName */
export function checkBucketName(name: string): void {
  if (name === knownName) return;
  if (!isBucketName(name) && parseSnapshotBucket(name) === undefined) throw invalidBucketName(name);
  knownName = name;
}

const invalidBucketName = (name: string): S3Error =>
  new S3Error('InvalidBucketName', undefined, { BucketName: name });

/** The bucket name that a snapshot is read under. */
export function snapshotBucketName(bucket: string, snapshot: string): string {
  return bucket + SEPARATOR + snapshot + SNAPSHOT_SUFFIX;
}

/** The bucket and the snapshot that such a name tells; undefined: it is none. */
export function parseSnapshotBucket(name: string): { bucket: string; snapshot: string } | undefined {
  if (!name.endsWith(SNAPSHOT_SUFFIX)) return undefined;
  const rest = name.slice(0, -SNAPSHOT_SUFFIX.length);
  const cut = rest.lastIndexOf(SEPARATOR);
  if (cut === -1) return undefined;
  const bucket = rest.slice(0, cut);
  const snapshot = rest.slice(cut + SEPARATOR.length);
  return isBucketName(bucket) && SNAPSHOT.test(snapshot) ? { bucket, snapshot } : undefined;
}

/** @throws S3Error InvalidArgument */
export function checkSnapshotName(name: string): void {
  if (SNAPSHOT.test(name)) return;
  throw invalidArgument(
    'A snapshot has a name of 1 to 40 lower-case letters, digits, dots and hyphens; it begins and ends with a letter ' +
      'or a digit and has no two hyphens in a row.',
    'cistern-snapshot',
    name,
  );
}
