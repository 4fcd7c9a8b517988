/**
 * @module S3's semantics in memory, in the plainest way there is: what buckets hold after what was done to them. Written
 * from AWS's documents, not from the server. It knows nothing of HTTP; what the server may choose is told to it.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html and the pages that it leads to
 */

import type { Bytes } from './bytes.ts';

export type Versioning = 'never' | 'enabled' | 'suspended';

/** What is stored with bytes. */
export interface Attributes {
  readonly contentType: string;
  /** `x-amz-meta-note` */
  readonly note: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Data extends Attributes {
  readonly marker: false;
  readonly id: string;
  readonly bytes: Bytes;
  /** Without quotes. */
  readonly etag: string;
  /** Its CRC32 in Base64; undefined: none is stored. */
  readonly crc: string | undefined;
  /** Sizes; empty: it came in one piece. */
  readonly parts: readonly number[];
  /** When it was changed, as the server has told first: always the same from then on. */
  seen: Seen;
}

interface Seen {
  modified?: string;
}

export interface Marker {
  readonly marker: true;
  readonly id: string;
}

export type Version = Data | Marker;

export interface UploadedPart {
  readonly bytes: Bytes;
  readonly etag: string;
}

export interface Upload extends Attributes {
  readonly id: string;
  readonly key: string;
  /** Whether it was begun with CRC32, of the whole object. */
  readonly crc: boolean;
  readonly parts: Map<number, UploadedPart>;
  state: 'open' | 'complete' | 'aborted';
  /** The list that it was completed with, and the ETag that came of it. */
  completed?: { readonly list: string; readonly etag: string };
}

export class ModelBucket {
  versioning: Versioning;
  /** Of each key the newest first; no key without versions. */
  readonly keys = new Map<string, Version[]>();
  readonly uploads: Upload[] = [];
  /** What each snapshot shows: the data that was current. */
  readonly snapshots = new Map<string, ReadonlyMap<string, Data>>();
  /** What a token of a rename came with. */
  readonly tokens = new Map<string, string>();

  constructor(versioning: Versioning) {
    this.versioning = versioning;
  }

  /** What a read without a version finds, of all keys. */
  allCurrent(): Map<string, Data> {
    const all = new Map<string, Data>();
    for (const key of this.keys.keys()) {
      const data = this.current(key);
      if (data !== undefined) all.set(key, data);
    }
    return all;
  }

  versionsOf(key: string): readonly Version[] {
    return this.keys.get(key) ?? [];
  }

  latest(key: string): Version | undefined {
    return this.versionsOf(key)[0];
  }

  /** What a read without a version finds: not a delete marker. */
  current(key: string): Data | undefined {
    const latest = this.latest(key);
    return latest?.marker === false ? latest : undefined;
  }

  find(key: string, id: string): Version | undefined {
    return this.versionsOf(key).find((version) => version.id === id);
  }

  /** Makes it the latest. A null version replaces the null version, wherever that stands. */
  add(key: string, version: Version): void {
    const others = this.versionsOf(key).filter(({ id }) => version.id !== 'null' || id !== 'null');
    this.keys.set(key, [version, ...others]);
  }

  remove(key: string, id: string): void {
    const rest = this.versionsOf(key).filter((version) => version.id !== id);
    if (rest.length === 0) this.keys.delete(key);
    else this.keys.set(key, rest);
  }

  replace(key: string, old: Version, changed: Version): void {
    this.keys.set(
      key,
      this.versionsOf(key).map((version) => (version === old ? changed : version)),
    );
  }

  openUploads(): Upload[] {
    return this.uploads.filter(({ state }) => state === 'open');
  }
}

export class Model {
  /** Forks join them. */
  readonly buckets: ModelBucket[];
  /** Every version id that was handed out, of any key of any bucket. */
  readonly ids: string[] = [];

  constructor(versionings: readonly Versioning[]) {
    this.buckets = versionings.map((versioning) => new ModelBucket(versioning));
  }

  bucket(index: number): ModelBucket {
    return this.buckets[index % this.buckets.length] as ModelBucket;
  }
}
