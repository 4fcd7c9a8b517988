/** What a server is started with: plain data that crosses threads, already validated by whoever read it. */

import type { ThroughputRule } from './limits.ts';

export interface User {
  /** Also the owner of the buckets that the user makes. */
  readonly name: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** May touch every bucket. */
  readonly root: boolean;
}

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** What is done with the blobs of a storage class. */
export interface StorageClassConfig {
  /** Where they are kept; null: in the data directory. Absolute. */
  readonly directory: string | null;
  readonly compression: 'none' | 'zstd';
}

/** By class. One that is not named keeps its blobs in the data directory, as they came. */
export type StorageClassMap = Readonly<Record<string, StorageClassConfig>>;

/** Blobs in another store than the data directory. */
export interface BlobStoreConfig {
  /** As `open` of `@cistern/store` takes it; credentials come from the environment */
  readonly url: string;
  /** What is kept nearby of the blobs that are read. */
  readonly cache: {
    /** In all threads together; 0: nothing is kept. */
    readonly bytes: number;
    /** Absolute; null: in memory. */
    readonly directory: string | null;
  };
}

/** Reading all that is stored again and again, to find what the disk has changed. */
export interface ScrubConfig {
  /** No more than that; 0: it is not done. */
  readonly bytesPerSecond: number;
  /** A round begins so long after the one before has. */
  readonly intervalMs: number;
}

export interface ServerConfig {
  readonly dataDir: string;
  /** Null: in the data directory. */
  readonly blobs: BlobStoreConfig | null;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** HTTP threads. */
  readonly threads: number;
  /** Names under which `<bucket>.<name>` addresses a bucket. */
  readonly domains: readonly string[];
  readonly region: string;
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly users: readonly User[];
  /** Created at start when missing; they belong to root. */
  readonly buckets: readonly string[];
  readonly logLevel: LogLevel;
  readonly throughput: ThroughputRule;
  readonly drainMs: number;
  readonly feedRetentionMs: number;
  /** How long the reaper rests when it found nothing to delete. */
  readonly reaperIdleMs: number;
  readonly storageClasses: StorageClassMap;
  /** After how long without a part an upload is aborted, and an ended one forgotten. */
  readonly uploadRetentionMs: number;
  readonly scrub: ScrubConfig;
  /** How much of a live upload is committed, and can be read, at a time. Bytes. */
  readonly livePartBytes: number;
}
