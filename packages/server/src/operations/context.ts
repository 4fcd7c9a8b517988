/** What an operation may use: the thread's services, and the authorized request. */

import type { RawHeaders, S3Operation } from '@cistern/protocol';
import type { BlobTiers } from '../blobs/blob-tiers.ts';
import type { Md5Hasher } from '../blobs/ingest/md5.ts';
import type { SlabPool } from '../blobs/ingest/slab-pool.ts';
import type { Bucket, Catalog } from '../catalog/catalog.ts';
import type { User } from '../config.ts';
import type { RequestBody } from '../http/request-body.ts';
import type { ThroughputGuard } from '../http/throughput-guard.ts';

export interface Services {
  readonly catalog: Catalog;
  readonly blobs: BlobTiers;
  readonly slabs: SlabPool;
  readonly hasher: Md5Hasher;
  readonly guard: ThroughputGuard;
  readonly region: string;
  /** How much of a live upload is committed at a time. Bytes. */
  readonly livePartBytes: number;
  /** The URL of an object. @param host as the request names it */
  readonly locate: (host: string | undefined, bucket: string, key: string) => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Stops all writes: a sync has failed, and what the disk holds is not known any more. */
  readonly failStop: (cause: unknown) => void;
}

/** The operation of that name. */
export type Operation<N extends S3Operation['name']> = Extract<S3Operation, { readonly name: N }>;

export interface Authorized {
  readonly services: Services;
  readonly user: User;
  readonly headers: RawHeaders;
  readonly body: RequestBody;
}

/** The same with the bucket that the request names, which the user may use. */
export interface InBucket extends Authorized {
  readonly bucket: Bucket;
}
