/**
 * @module Reads everything of a data directory as the server's threads do, without a server: hundreds of spoilt copies a
 * minute are looked at so. What is refused is told apart from what is there, whole.
 */

import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { BlobTiers } from '../../../packages/server/src/blobs/blob-tiers.ts';
import { SlabPool } from '../../../packages/server/src/blobs/ingest/slab-pool.ts';
import type { Bucket, OpenVersion } from '../../../packages/server/src/catalog/catalog.ts';
import { createEpochMemory, EpochReader } from '../../../packages/server/src/catalog/epochs.ts';
import { DATABASE_FILE, openReader } from '../../../packages/server/src/catalog/sqlite/connection.ts';
import { SqliteCatalog } from '../../../packages/server/src/catalog/sqlite/sqlite-catalog.ts';
import { readVersion } from '../../../packages/server/src/operations/read-version.ts';
import { BUCKETS } from './store.ts';

/** By what was asked: what a client would be told of it, in a line; undefined: it was refused. */
export type Answers = Map<string, string | undefined>;

const REFUSED = undefined;

const SNAPSHOT = 'kept--monday--snap';

/** What there is to ask for. */
export interface Question {
  readonly bucket: string;
  readonly key: string;
  readonly version?: number;
}

const neverWrites = (): Promise<never> => Promise.reject(new Error('nothing is written here'));
const STORAGE_CLASSES = { STANDARD_IA: { directory: null, compression: 'zstd' } } as const;

/** Every object and version of a directory that is whole. */
export async function questionsOf(dataDir: string): Promise<Question[]> {
  return inCatalog(dataDir, async (catalog) => {
    const questions: Question[] = [];
    for (const name of BUCKETS) {
      const { id } = await findBucket(catalog, name);
      const request = { bucket: id, prefix: '', delimiter: '', limit: 1000, after: { key: '' } };
      for (const { key, seq, isNull } of (await catalog.listVersions(request)).entries)
        questions.push(isNull ? { bucket: name, key } : { bucket: name, key, version: seq });
    }
    const { id, asOf } = await findBucket(catalog, SNAPSHOT);
    const shown = { bucket: id, asOf, prefix: '', delimiter: '', after: '', limit: 1000 };
    for (const { key } of (await catalog.listObjects(shown)).versions)
      questions.push({ bucket: SNAPSHOT, key });
    return questions;
  });
}

async function findBucket(catalog: SqliteCatalog, name: string): Promise<Bucket> {
  const bucket = await catalog.findBucket(name);
  if (bucket === undefined) throw new Error(`there is no bucket ${name}`);
  return bucket;
}

/** Asks for all of it, and for the listings. */
export async function answersOf(dataDir: string, questions: readonly Question[]): Promise<Answers> {
  return inCatalog(dataDir, async (catalog, blobs) => {
    const answers: Answers = new Map();
    const slabs = new SlabPool({ extra: 2, perUser: 2 });
    const ask = async (question: string, answer: () => Promise<string>): Promise<void> => {
      try {
        answers.set(question, await answer());
      } catch {
        answers.set(question, REFUSED);
      }
    };
    for (const { bucket: name, key, version } of questions) {
      await ask(`${name}/${key}?${version ?? ''}`, async () => {
        const bucket = await catalog.findBucket(name);
        if (bucket === undefined) return 'NoSuchBucket';
        const { asOf } = bucket;
        const choice = version === undefined ? { asOf } : { version, asOf };
        const open = await catalog.openVersion(bucket.id, key, choice);
        if (open === undefined) return 'NoSuchKey';
        try {
          return `${told(open)} ${await contentOf({ blobs, slabs }, open)}`;
        } finally {
          open.release();
        }
      });
    }
    for (const name of BUCKETS) {
      await ask(`list ${name}`, async () => {
        const bucket = await catalog.findBucket(name);
        if (bucket === undefined) return 'NoSuchBucket';
        const page = { bucket: bucket.id, prefix: '', delimiter: '', after: '', limit: 1000 };
        return JSON.stringify((await catalog.listObjects(page)).versions);
      });
    }
    return answers;
  });
}

/** What the headers of an answer are made of. */
function told({ version }: OpenVersion): string {
  const { key, size, etag, modifiedMs, storageClass, checksumAlgorithm, checksumValue, tags, attributes } =
    version;
  const { deleteMarker, seq, isNull, parts } = version;
  const headers = {
    key,
    size,
    etag,
    modifiedMs,
    storageClass,
    checksumAlgorithm,
    checksumValue,
    tags,
    attributes,
  };
  return JSON.stringify({ ...headers, deleteMarker, parts, version: isNull ? 'null' : seq });
}

async function contentOf(source: { blobs: BlobTiers; slabs: SlabPool }, open: OpenVersion): Promise<string> {
  const hash = createHash('sha256');
  await readVersion(source, open, (bytes) => {
    hash.update(bytes);
    return undefined;
  });
  return hash.digest('hex');
}

async function inCatalog<T>(
  dataDir: string,
  work: (catalog: SqliteCatalog, blobs: BlobTiers) => Promise<T>,
): Promise<T> {
  const db = openReader(join(dataDir, DATABASE_FILE));
  try {
    const catalog = new SqliteCatalog({
      db,
      writer: { write: neverWrites, watchUpload: neverWrites },
      epochs: new EpochReader(createEpochMemory(1), 0),
    });
    const checksOf: NonNullable<ConstructorParameters<typeof BlobTiers>[0]['checksOf']> = (blob, blocks) =>
      catalog.blobChecks(blob, blocks);
    const blobs = new BlobTiers({ dataDir, storageClasses: STORAGE_CLASSES, blobs: null, checksOf });
    return await work(catalog, blobs);
  } finally {
    db.close();
  }
}
