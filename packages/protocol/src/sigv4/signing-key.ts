/**
 * @module Signing keys of Signature Version 4, and the HMAC made with them.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Signing key".
 */

import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

export const SERVICE = 's3';
export const TERMINATOR = 'aws4_request';
export const ALGORITHM = 'AWS4-HMAC-SHA256';

/** What a signature is bound to besides the request: `YYYYMMDD/region/s3/aws4_request`. */
export interface CredentialScope {
  /** UTC day, `YYYYMMDD` */
  day: string;
  region: string;
}

export function formatScope(scope: CredentialScope): string {
  return `${scope.day}/${scope.region}/${SERVICE}/${TERMINATOR}`;
}

/** Derives the key for one secret, day and region: four HMACs, so keep it. */
export function deriveSigningKey(secretAccessKey: string, scope: CredentialScope): KeyObject {
  let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`, 'utf8');
  for (const part of [scope.day, scope.region, SERVICE, TERMINATOR]) {
    key = createHmac('sha256', key).update(part).digest();
  }
  return createSecretKey(key);
}

/** HMAC-SHA-256 in lower-case hex. */
export function hmacHex(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text, 'latin1').digest('hex');
}

/** Compares two signatures in a time that does not depend on where they differ. */
export function signaturesEqual(expected: string, given: string): boolean {
  const a = Buffer.from(expected, 'latin1');
  const b = Buffer.from(given, 'latin1');
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * A bounded least-recently-used store of derived keys.
 *
 * Only keys that have verified a signature belong in it: otherwise anyone who knows an access key id could push the
 * useful ones out with invented regions.
 */
export class SigningKeyCache {
  readonly #entries = new Map<string, { secret: string; key: KeyObject }>();
  readonly #limit: number;

  constructor(limit = 1000) {
    this.#limit = limit;
  }

  /** The remembered key, or undefined when there is none or the secret has changed since. */
  find(accessKeyId: string, secret: string, scope: CredentialScope): KeyObject | undefined {
    const id = cacheId(accessKeyId, scope);
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.secret !== secret) return undefined;
    // Order only matters once something may soon be evicted; below that a hit stays one map look-up.
    if (this.#entries.size * 2 > this.#limit) {
      this.#entries.delete(id);
      this.#entries.set(id, entry);
    }
    return entry.key;
  }

  remember(accessKeyId: string, secret: string, scope: CredentialScope, key: KeyObject): void {
    const id = cacheId(accessKeyId, scope);
    this.#entries.delete(id);
    this.#entries.set(id, { secret, key });
    if (this.#entries.size > this.#limit) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}

// A day and a region never hold a slash (both are cut out of a scope at slashes), so this cannot collide.
function cacheId(accessKeyId: string, scope: CredentialScope): string {
  return `${scope.day}/${scope.region}/${accessKeyId}`;
}
