/**
 * Above single stores: an account or a server with many buckets (Azure: containers), each of which is a store. What `connect`
 * gives.
 */

import type { BucketFeatures } from './bucket-features.ts';
import type { CallOptions } from './object-store.ts';
import type { Store } from './store.ts';

export interface ListedBucket {
  readonly name: string;
  /** where the service says so */
  readonly createdAt?: Date | undefined;
}

export interface ListBucketsOptions extends CallOptions {
  readonly prefix?: string | undefined;
}

/** Rejects with StoreError and nothing else. */
export interface Service extends AsyncDisposable {
  /** scheme, host and port of what is asked */
  readonly endpoint: string;

  /** @throws {StoreError} `AlreadyExists`, whoever has it; `InvalidArgument` for what cannot be a name */
  createBucket(name: string, options?: CallOptions): Promise<void>;

  bucketExists(name: string, options?: CallOptions): Promise<boolean>;

  /** In the order of their names. */
  listBuckets(options?: ListBucketsOptions): AsyncIterable<ListedBucket>;

  /** @throws {StoreError} `NotFound`; `Conflict` when there are objects in it, where the service keeps it then */
  deleteBucket(name: string, options?: CallOptions): Promise<void>;

  /** The bucket as a store. Contacts nobody: one that does not exist shows with the first call. */
  bucket(name: string): Store;

  /** What the service can do with that bucket beyond a store's methods. Contacts nobody; tries again as its stores do. */
  features(name: string): BucketFeatures;

  /** Lets go of connections, also of those of the stores that `bucket` gave. Idempotent. */
  close(): Promise<void>;

  /** Without secrets: `s3service("http://localhost:9000")`. */
  toString(): string;
}
