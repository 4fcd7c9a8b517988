/** @module What the oracle's writers do, and on how much. A profile is plain data: it goes from process to process. */

export const BUCKETS = { plain: 'oracle', versions: 'oracle-versions' } as const;

/** For `--buckets` of the server. */
export const BUCKET_LIST = Object.values(BUCKETS).join(',');

/** `shared` in a name: on a key that all writers write. The others are on keys of one writer. */
export type OracleOperation =
  | 'put'
  | 'put-shared'
  | 'delete'
  | 'delete-shared'
  | 'delete-many'
  | 'copy'
  | 'copy-shared'
  | 'rename'
  | 'append'
  | 'multipart'
  | 'multipart-shared'
  | 'multipart-abort'
  | 'put-version'
  | 'copy-version'
  | 'delete-marker'
  | 'remove-version'
  | 'read'
  | 'read-shared'
  | 'linger-shared';

export interface OracleProfile {
  readonly writers: number;
  /** Of each writer. */
  readonly keys: number;
  readonly versionedKeys: number;
  readonly versionsMax: number;
  /** Of all writers. */
  readonly sharedKeys: number;
  /** Each is done as often as it is named. */
  readonly operations: readonly OracleOperation[];
  /** Of a body, in bytes. */
  readonly smallSizes: readonly number[];
  readonly largeSizes: readonly number[];
  /** One body of so many is large. */
  readonly largeOneIn: number;
  /** So many contents of each size are put again and again, */
  readonly sharedContents: number;
  /** and one body of so many is new. */
  readonly newOneIn: number;
}

const often = (times: number, operation: OracleOperation): OracleOperation[] =>
  Array.from({ length: times }, () => operation);

/** Everything that changes a bucket, on both sides of the limit between rows and files. */
export const EVERYTHING: OracleProfile = {
  writers: 12,
  keys: 24,
  versionedKeys: 4,
  versionsMax: 6,
  sharedKeys: 12,
  operations: [
    ...often(38, 'put'),
    ...often(10, 'put-shared'),
    ...often(6, 'delete'),
    ...often(3, 'delete-shared'),
    ...often(2, 'delete-many'),
    ...often(4, 'copy'),
    ...often(2, 'copy-shared'),
    ...often(5, 'rename'),
    ...often(8, 'append'),
    ...often(2, 'multipart'),
    ...often(1, 'multipart-shared'),
    ...often(1, 'multipart-abort'),
    ...often(8, 'put-version'),
    ...often(2, 'copy-version'),
    ...often(3, 'delete-marker'),
    ...often(5, 'remove-version'),
    ...often(3, 'read'),
    ...often(3, 'read-shared'),
  ],
  smallSizes: [0, 1, 100, 100, 1_000, 1_000, 4_096, 4_096, 20_000, 65_536],
  largeSizes: [65_537, 65_537, 100_000, 262_144, 300_000, 1_048_577, 3_000_001],
  largeOneIn: 10,
  sharedContents: 16,
  newOneIn: 2,
};

/** Files, and so few contents that each is given up, reaped and written again all the time. */
export const GARBAGE: OracleProfile = {
  ...EVERYTHING,
  writers: 16,
  keys: 2,
  sharedKeys: 6,
  operations: [
    ...often(2, 'put-shared'),
    ...often(2, 'delete-shared'),
    'put',
    'delete',
    'copy',
    'copy-shared',
    'rename',
    'read-shared',
    ...often(3, 'linger-shared'),
    ...often(3, 'multipart-shared'),
    ...often(2, 'multipart-abort'),
  ],
  smallSizes: [20_000, 65_537, 70_000, 80_000, 90_000, 100_000],
  largeSizes: [300_000, 1_000_000],
  largeOneIn: 4,
  sharedContents: 1,
  newOneIn: Number.MAX_SAFE_INTEGER,
};
