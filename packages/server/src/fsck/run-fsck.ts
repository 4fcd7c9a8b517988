/**
 * Checks a store: every reference, every file's SHA-256, every orphan. It changes nothing; its notes are in temporary
 * tables. The caller holds the directory's lock, or runs in the server that does.
 */

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { BlobStoreConfig, StorageClassMap } from '../config.ts';
import { DATABASE_FILE } from '../catalog/sqlite/connection.ts';
import { APPLICATION_ID, FORMAT_VERSION, readPragma } from '../catalog/sqlite/schema.ts';
import { defineTableSums } from '../catalog/sqlite/table-sums.ts';
import { SQLITE, sqliteCode } from '../catalog/sqlite/sqlite-errors.ts';
import { blobPlaces, PlaceReader } from './blob-places.ts';
import { checkBlobs } from './checks/blobs.ts';
import type { BlobFilesOptions } from './checks/blobs.ts';
import { checkBuckets, checkCounter, counterOf, summedAfterIn } from './checks/buckets.ts';
import { checkFeed } from './checks/feed.ts';
import { checkFiles } from './checks/files.ts';
import { checkIntegrity } from './checks/integrity.ts';
import { checkManifests } from './checks/manifests.ts';
import { BLOB_REFERENCES, checkReferences, MANIFEST_REFERENCES } from './checks/references.ts';
import { checkParts, checkUploads } from './checks/uploads.ts';
import { checkVersions } from './checks/versions.ts';
import type { FsckContext } from './context.ts';
import { Findings } from './findings.ts';
import { HashPool } from './hash-pool.ts';
import { ReferenceCount } from './reference-count.ts';
import type { FsckEvent, FsckReport } from './report.ts';
import { OutOfOrder, Slices } from './slices.ts';

/** Threads that hash: a live server needs the other core. */
const HASH_THREADS = { live: 1, offline: 2 } as const;

export interface FsckOptions {
  readonly dataDir: string;
  /** The server runs: what changes meanwhile is looked at again before it is called a problem. */
  readonly live: boolean;
  /** Sizes instead of hashes. */
  readonly quick: boolean;
  /** As the server is started with. */
  readonly storageClasses?: StorageClassMap;
  readonly blobs?: BlobStoreConfig | null;
  readonly onEvent?: (event: FsckEvent) => void;
}

/** It cannot be checked as it is; the message says what to do. */
export class FsckImpossible extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FsckImpossible';
  }
}

/** @throws FsckImpossible when there is no catalog, or it is of another format */
export async function runFsck(options: FsckOptions): Promise<FsckReport> {
  const { dataDir, live, quick, onEvent = () => undefined } = options;
  const startedMs = Date.now();
  const path = join(dataDir, DATABASE_FILE);
  const findings = new Findings(onEvent);
  let sequence = 0;
  const db = openForCheck(path);
  const reader = new PlaceReader();
  const hashes = quick ? null : new HashPool(HASH_THREADS[live ? 'live' : 'offline'], reader);
  try {
    requireFormat(db, path);
    defineTableSums(db);
    sequence = counterOf(db)();
    const context: FsckContext = {
      db,
      findings,
      sequence,
      summedAfter: summedAfterIn(db),
      slices: new Slices(db, live),
      manifestRefs: new ReferenceCount({ db, table: 'manifests', references: MANIFEST_REFERENCES }),
      blobRefs: new ReferenceCount({ db, table: 'blobs', references: BLOB_REFERENCES }),
    };
    findings.progress();
    await checkIntegrity(context, { quick, live, path });
    const places = blobPlaces({
      dataDir,
      storageClasses: options.storageClasses ?? {},
      blobs: options.blobs ?? null,
    });
    await checkAll(context, { places, reader, hashes });
  } catch (error) {
    if (!isDamage(error) && !(error instanceof OutOfOrder)) throw error;
    findings.problem('catalog-damaged', `SQLite cannot read the catalog: ${error.message}`);
    findings.skipped.push('What comes after the damage in the catalog.');
  } finally {
    await hashes?.close();
    await reader.close();
    db.close();
  }
  const report = findings.report({
    mode: live ? 'live' : 'offline',
    quick,
    startedMs,
    endedMs: Date.now(),
    sequence,
  });
  onEvent({ type: 'result', report });
  return report;
}

async function checkAll(context: FsckContext, files: BlobFilesOptions): Promise<void> {
  await checkCounter(context);
  await checkBuckets(context);
  await checkFeed(context);
  await checkVersions(context);
  await checkUploads(context);
  await checkParts(context);
  await checkManifests(context);
  await checkBlobs(context, files);
  await checkReferences(context);
  await checkFiles(context, files);
}

/**
 * Without a log beside it the catalog is complete, and SQLite would leave an empty log and its index there. A log that
 * a crash left is read where it is.
 */
function openForCheck(path: string): DatabaseSync {
  if (!existsSync(path) || statSync(path).size === 0)
    throw new FsckImpossible(`There is no catalog ${path}.`);
  const options = { readOnly: true, enableForeignKeyConstraints: false, timeout: 5000 };
  if (existsSync(`${path}-wal`)) return new DatabaseSync(path, options);
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, options);
}

function requireFormat(db: DatabaseSync, path: string): void {
  if (readPragma(db, 'application_id') !== APPLICATION_ID)
    throw new FsckImpossible(`${path} is not a Cistern catalog. Choose another data directory with --data.`);
  const version = readPragma(db, 'user_version');
  if (version > FORMAT_VERSION)
    throw new FsckImpossible(
      `${path} has format ${version}, which a newer Cistern wrote: check it with that.`,
    );
  if (version < FORMAT_VERSION)
    throw new FsckImpossible(
      `${path} has format ${version}. The server brings it to format ${FORMAT_VERSION} at its next start: check it then.`,
    );
}

function isDamage(error: unknown): error is Error {
  const code = sqliteCode(error);
  return error instanceof Error && (code === SQLITE.corrupt || code === SQLITE.notADatabase);
}
