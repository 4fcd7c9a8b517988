/**
 * @module A client of the soak: a user with two buckets that nobody else writes to, one of them versioned, so that it knows
 * at every moment what each of its keys holds. It does one thing after another; several clients run beside each other.
 */

import { randomBytes } from 'node:crypto';

import { seededChoice } from '../faults/seeded.ts';
import { expectStatus } from '../support/expect.ts';
import type { S3, S3Response } from '../support/s3.ts';
import { setVersioning } from '../support/versions.ts';
import { pickBytes, pickSize } from './content.ts';
import type { Content, Pick, SizeClass } from './content.ts';

/** Keys of each size in a bucket: what bounds the disk. */
const KEYS: Readonly<Record<SizeClass, number>> = { small: 120, medium: 12, large: 2 };
/** Of 1,000 operations, so many are on a key of this size; the others on small ones. */
const PER_MILLE = { medium: 80, large: 4 };

/** A version, or a delete marker. */
export interface Version {
  /** undefined: a delete marker */
  readonly content: Content | undefined;
  readonly etag: string;
  /** undefined in the bucket without versions */
  readonly id: string | undefined;
  tags: number;
}

export interface Bucket {
  readonly name: string;
  readonly versioned: boolean;
  /** The versions of each key, the newest last; one in the bucket without versions. No key without any. */
  readonly keys: Map<string, Version[]>;
}

export class Lane {
  readonly s3: S3;
  /** The same server, as somebody who may not touch these buckets. */
  readonly stranger: S3;
  readonly pick: Pick;
  #buckets: readonly Bucket[] = [];

  constructor({ s3, stranger, seed }: { s3: S3; stranger: S3; seed: string }) {
    this.s3 = s3;
    this.stranger = stranger;
    this.pick = seededChoice(seed);
  }

  async prepare(): Promise<void> {
    const [plain, versioned] = [
      await this.s3.freshBucket('soak'),
      await this.s3.freshBucket('soak-versions'),
    ];
    await setVersioning(this.s3, versioned, 'Enabled');
    this.#buckets = [
      { name: plain, versioned: false, keys: new Map() },
      { name: versioned, versioned: true, keys: new Map() },
    ];
  }

  get plain(): Bucket {
    return this.#buckets[0] as Bucket;
  }

  get versioned(): Bucket {
    return this.#buckets[1] as Bucket;
  }

  anyBucket(): Bucket {
    return this.pick(3) === 0 ? this.versioned : this.plain;
  }

  sizeClass(): SizeClass {
    const at = this.pick(1000);
    if (at < PER_MILLE.large) return 'large';
    return at < PER_MILLE.large + PER_MILLE.medium ? 'medium' : 'small';
  }

  /** A key for content of this size. */
  keyFor(size: SizeClass): string {
    const number = this.pick(KEYS[size]);
    return `${size}/${number % 8}/ä key+${number}`;
  }

  anyKey(): string {
    return this.keyFor(this.sizeClass());
  }

  /** A key that holds an object now, if one is found soon. */
  held(bucket: Bucket): { key: string; version: Version & { content: Content } } | undefined {
    for (let tries = 0; tries < 20; tries++) {
      const key = this.anyKey();
      const version = bucket.keys.get(key)?.at(-1);
      if (version?.content !== undefined) return { key, version: version as Version & { content: Content } };
    }
    return undefined;
  }

  bytes(size: SizeClass): Buffer {
    return pickBytes(this.pick, pickSize(this.pick, size));
  }

  /** Notes what a successful write has made current. */
  async wrote(
    bucket: Bucket,
    key: string,
    { content, response, tags = 0 }: { content: Content | undefined; response: S3Response; tags?: number },
  ): Promise<void> {
    const version = {
      content,
      etag: response.headers['etag'] ?? '',
      id: response.headers['x-amz-version-id'],
      tags,
    };
    if (!bucket.versioned) {
      if (content === undefined) bucket.keys.delete(key);
      else bucket.keys.set(key, [version]);
      return;
    }
    const versions = bucket.keys.get(key) ?? [];
    versions.push(version);
    bucket.keys.set(key, versions);
    const kept = key.startsWith('small') ? 4 : 2;
    while (versions.length > kept) {
      const oldest = versions.shift() as Version;
      const query = { versionId: oldest.id ?? 'null' };
      expectStatus(await this.s3.object('DELETE', bucket.name, key, { query }), 204);
    }
  }

  name(prefix: string): string {
    return `${prefix}-${randomBytes(6).toString('hex')}`;
  }
}
