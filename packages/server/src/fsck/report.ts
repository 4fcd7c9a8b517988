/**
 * What a check of a store says: problems as they are found, how far it is, and the report at its end. These are also the
 * lines and the document that users get (docs/fsck.md): a change of a name here is one there.
 */

/** Of which kind a problem is. */
export type ProblemKind =
  /** SQLite itself finds the catalog damaged. */
  | 'catalog-damaged'
  /** A number that the counter has not drawn yet: it would be drawn again. */
  | 'sequence'
  /** A row of a bucket that is not there. */
  | 'bucket-missing'
  /** Versions of a key that stand where they must not. */
  | 'version-place'
  /** A version, upload or part without the manifest that it names. */
  | 'manifest-missing'
  /** A version that its manifest does not cover exactly. */
  | 'version-extents'
  /** A manifest whose extents leave a gap, overlap, or are not as many or as long as it says. */
  | 'manifest-extents'
  /** Extents of a manifest that is not there. */
  | 'extents-orphaned'
  /** An extent whose blob is not there, is being deleted, or is shorter. */
  | 'extent-blob'
  /** A manifest or blob that counts other references than there are. */
  | 'references'
  /** Parts that are not what their upload or version says. */
  | 'parts'
  | 'snapshot'
  /** A row that is not what was written: its sum says so. */
  | 'row-damaged'
  /** A row of a blob that contradicts itself. */
  | 'blob-row'
  /** Of a storage class whose directory is not known. */
  | 'blob-tier'
  | 'blob-missing'
  | 'blob-size'
  /** Bytes whose SHA-256 is another than the one they are named by. */
  | 'blob-damaged'
  | 'blob-unreadable'
  /** The checks of its blocks are not those that were made of it. */
  | 'blob-checks'
  /** A file below `blobs/` that no row names. */
  | 'file-orphaned';

export interface Problem {
  readonly kind: ProblemKind;
  /** One sentence for people. */
  readonly message: string;
  /** By name, or `#` and its number when it is gone. */
  readonly bucket?: string;
  readonly key?: string;
  /** As clients see it. */
  readonly version?: string;
  readonly upload?: string;
  readonly manifest?: number;
  readonly blob?: number;
  readonly snapshot?: string;
  /** Relative to the data directory; absolute in the directory of a storage class. */
  readonly path?: string;
}

export interface Counts {
  buckets: number;
  snapshots: number;
  versions: number;
  uploads: number;
  parts: number;
  manifests: number;
  extents: number;
  /** Rows, inline ones included. */
  blobs: number;
  /** Files below the blob directories. */
  files: number;
  /** Bytes whose SHA-256 was taken, inline ones included. */
  bytesHashed: number;
}

/** What nothing refers to any more and the server will delete by itself: no problem. */
export interface Awaiting {
  /** Retired versions that no snapshot shows. */
  versions: number;
  /** Unfinished uploads of deleted buckets. */
  uploads: number;
  manifests: number;
  blobs: number;
  /** Bodies that were being received when the server ended; removed at its next start. On a live server: being received. */
  temporaryFiles: number;
}

export type FsckMode = 'offline' | 'live';

export interface FsckReport {
  /** Of this document. */
  readonly format: 1;
  readonly mode: FsckMode;
  readonly quick: boolean;
  readonly clean: boolean;
  readonly startedAt: string;
  readonly durationMs: number;
  /** The newest sequence number when it began: what was made since was not judged. */
  readonly sequence: number;
  readonly checked: Readonly<Counts>;
  readonly awaiting: Readonly<Awaiting>;
  /** What was not looked at, and why. */
  readonly skipped: readonly string[];
  readonly problemCount: number;
  /** The first of them. */
  readonly problems: readonly Problem[];
}

export type FsckPhase = 'integrity' | 'buckets' | 'versions' | 'uploads' | 'manifests' | 'blobs' | 'files';

export type FsckEvent =
  | { readonly type: 'progress'; readonly phase: FsckPhase; readonly checked: Readonly<Counts> }
  | { readonly type: 'problem'; readonly problem: Problem }
  | { readonly type: 'result'; readonly report: FsckReport }
  /** It could not go on: nothing is known. */
  | { readonly type: 'failed'; readonly message: string };
