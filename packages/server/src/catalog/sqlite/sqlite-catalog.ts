/** The `Catalog` of a gateway thread over SQLite: reads on a connection of its own, writes through the writer thread. */

import type { DatabaseSync } from 'node:sqlite';
import type { BlockChecks } from '../../blobs/checks/block-checks.ts';
import type {
  Appended,
  AppendRequest,
  Bucket,
  Catalog,
  ChosenVersioning,
  CopyRequest,
  Deletion,
  DeletionResult,
  Extent,
  HistoryRequest,
  HistoryResult,
  ListRequest,
  ListResult,
  OpenVersion,
  Published,
  PublishRequest,
  RenameRequest,
  Reservation,
  ReserveRequest,
  RestoreRequest,
  TagsRequest,
  Version,
  VersionChoice,
} from '../catalog.ts';
import { CatalogError } from '../errors.ts';
import type { EpochReader } from '../epochs.ts';
import type { UploadCatalog } from '../uploads.ts';
import type { SnapshotCatalog } from '../snapshots.ts';
import type { DamageReport } from '../scrub.ts';
import { ScrubReader } from './scrub-reader.ts';
import { SqliteReader } from './reader.ts';
import { EXTENTS_WITH_VERSION } from './rows.ts';
import { SqliteUploads } from './sqlite-uploads.ts';
import { SharedSnapshot } from './shared-snapshot.ts';
import { SqliteSnapshots } from './sqlite-snapshots.ts';
import type { WriterClient } from './writer-client.ts';

/** A bulk delete goes through the writer in slices of about a millisecond, other writes in between. */
const DELETE_SLICE = 100;

const BUCKETS_KEPT = 1000;

export interface SqliteCatalogOptions {
  readonly db: DatabaseSync;
  readonly writer: Pick<WriterClient, 'write' | 'watchUpload'>;
  readonly epochs: EpochReader;
}

export class SqliteCatalog implements Catalog {
  readonly uploads: UploadCatalog;
  readonly snapshots: SnapshotCatalog;
  readonly #reader: SqliteReader;
  readonly #scrub: ScrubReader;
  readonly #writer: Pick<WriterClient, 'write'>;
  readonly #epochs: EpochReader;
  readonly #snapshot: SharedSnapshot;

  /** Buckets as they are since this generation: every request looks one up, and they hardly ever change. */
  readonly #buckets = new Map<string, Bucket>();
  #bucketsGeneration: bigint | undefined;

  constructor({ db, writer, epochs }: SqliteCatalogOptions) {
    this.#reader = new SqliteReader(db);
    this.#scrub = new ScrubReader(db);
    this.#writer = writer;
    this.#epochs = epochs;
    this.#snapshot = new SharedSnapshot(db, epochs);
    this.uploads = new SqliteUploads({ db, snapshot: this.#snapshot, writer, reader: this.#reader, epochs });
    this.snapshots = new SqliteSnapshots(this.#reader.snapshots, this.#snapshot, writer);
  }

  async findBucket(name: string): Promise<Bucket | undefined> {
    const generation = this.#epochs.buckets;
    if (generation === undefined) return this.#snapshot.read(() => this.#reader.findBucket(name));
    if (generation !== this.#bucketsGeneration || this.#buckets.size >= BUCKETS_KEPT) {
      this.#buckets.clear();
      this.#bucketsGeneration = generation;
    }
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = this.#snapshot.read(() => this.#reader.findBucket(name));
      if (bucket !== undefined) this.#buckets.set(name, bucket);
    }
    return bucket;
  }

  async listBuckets(request: Parameters<Catalog['listBuckets']>[0]): ReturnType<Catalog['listBuckets']> {
    return this.#snapshot.read(() => this.#reader.listBuckets(request));
  }

  createBucket(request: { name: string; owner: string; region: string }): Promise<Bucket> {
    return this.#writer.write('createBucket', request);
  }

  async deleteBucket(bucket: number): Promise<void> {
    await this.#writer.write('deleteBucket', { bucket });
  }

  async setVersioning(bucket: number, versioning: ChosenVersioning): Promise<void> {
    await this.#writer.write('setVersioning', { bucket, versioning });
  }

  async setBucketTags(bucket: number, tags: string | null): Promise<void> {
    await this.#writer.write('setBucketTags', { bucket, tags });
  }

  async findVersion(bucket: number, key: string, choice?: VersionChoice): Promise<Version | undefined> {
    return this.#readAt(bucket, choice?.asOf, () => this.#reader.findVersion(bucket, key, choice));
  }

  async openVersion(bucket: number, key: string, choice?: VersionChoice): Promise<OpenVersion | undefined> {
    const epoch = this.#epochs.enter();
    let found: ReturnType<SqliteReader['findVersionWithExtents']>;
    try {
      found = this.#readAt(bucket, choice?.asOf, () =>
        this.#reader.findVersionWithExtents(bucket, key, choice),
      );
    } finally {
      if (found === undefined) this.#epochs.leave(epoch);
    }
    if (found === undefined) return undefined;
    const { version, extents } = found;
    const held = heldBytes(version, extents);
    // Nothing more is read of what came with its version, but for its parts.
    let released = held !== null && version.parts === 0;
    if (released) this.#epochs.leave(epoch);
    const release = (): void => {
      if (!released) this.#epochs.leave(epoch);
      released = true;
    };
    return {
      version,
      held,
      extents: async (start, end): Promise<readonly Extent[]> => {
        const { manifest } = version;
        if (manifest === null || start >= end) return [];
        if (version.extents > EXTENTS_WITH_VERSION) {
          return this.#snapshot.read(() => this.#reader.extents(manifest, start, end));
        }
        return extents.filter((extent) => extent.start < end && extent.start + extent.length > start);
      },
      release,
    };
  }

  async listObjects(request: ListRequest): Promise<ListResult> {
    return this.#readAt(request.bucket, request.asOf, () => this.#reader.listObjects(request));
  }

  /** Once a snapshot is deleted, what is left of it must not be taken for what it showed. */
  #readAt<T>(bucket: number, asOf: number | null | undefined, work: () => T): T {
    if (asOf === null || asOf === undefined) return this.#snapshot.read(work);
    return this.#snapshot.read(() => {
      if (this.#reader.snapshots.has(bucket, asOf)) return work();
      throw new CatalogError('NoSuchBucket', 'The snapshot does not exist');
    });
  }

  async listVersions(request: HistoryRequest): Promise<HistoryResult> {
    return this.#snapshot.read(() => this.#reader.listVersions(request));
  }

  reserveBlob(request: ReserveRequest): Promise<Reservation> {
    return this.#writer.write('reserveBlob', request);
  }

  async releaseBlob(blob: number): Promise<void> {
    await this.#writer.write('releaseBlob', { blob });
  }

  async blobChecks(blob: number, blocks: { first: number; end: number }): Promise<BlockChecks> {
    return this.#snapshot.read(() => this.#reader.blobChecks(blob, blocks));
  }

  async noteDamage(blob: number, reason: string): Promise<void> {
    await this.#writer.write('noteScrub', { damaged: [{ blob, reason }] });
  }

  async damage(): Promise<DamageReport> {
    return this.#snapshot.read(() => this.#scrub.report());
  }

  publishVersion(request: PublishRequest): Promise<Published> {
    return this.#writer.write('publishVersion', request);
  }

  appendVersion(request: AppendRequest): Promise<Appended> {
    return this.#writer.write('appendVersion', request);
  }

  async renameVersion(request: RenameRequest): Promise<void> {
    await this.#writer.write('renameVersion', request);
  }

  copyVersion(request: CopyRequest): Promise<Published> {
    return this.#writer.write('copyVersion', request);
  }

  setTags(request: TagsRequest): Promise<Pick<Published, 'version'>> {
    return this.#writer.write('setTags', request);
  }

  restoreVersion(request: RestoreRequest): Promise<{ extended: boolean }> {
    return this.#writer.write('restoreVersion', request);
  }

  async deleteVersions(bucket: number, deletions: readonly Deletion[]): Promise<readonly DeletionResult[]> {
    const results: DeletionResult[] = [];
    for (let i = 0; i < deletions.length; i += DELETE_SLICE) {
      const slice = deletions.slice(i, i + DELETE_SLICE);
      results.push(...(await this.#writer.write('deleteVersions', { bucket, deletions: slice })));
    }
    return results;
  }
}

function heldBytes({ size }: Version, extents: readonly Extent[]): Uint8Array | null {
  const [only] = extents;
  if (only === undefined || only.data === null || only.length !== size) return null;
  const held = only.data.subarray(only.offset, only.offset + size);
  return held.byteLength === size ? held : null;
}
