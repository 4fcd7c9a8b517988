/**
 * @module Signing keys of Signature Version 4, and the HMAC made with them.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Signing key".
 */

import { createHmac, hash, timingSafeEqual } from 'node:crypto';

export const SERVICE = 's3';
export const TERMINATOR = 'aws4_request';
export const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Of SHA-256. */
const BLOCK_BYTES = 64;
const SHA256_BYTES = 32;

/** What a signature is bound to besides the request: `YYYYMMDD/region/s3/aws4_request`. */
export interface CredentialScope {
  /** UTC day, `YYYYMMDD` */
  readonly day: string;
  readonly region: string;
}

export function formatScope(scope: CredentialScope): string {
  if (scope !== lastScope) {
    lastScope = scope;
    lastScopeText = `${scope.day}/${scope.region}/${SERVICE}/${TERMINATOR}`;
  }
  return lastScopeText;
}

/** The last scope that was formatted, which does not change: a client's requests share one. */
let lastScope: CredentialScope | undefined;
let lastScopeText = '';

/**
 * A derived key, in the two forms in which HMAC (RFC 2104) mixes it into its inner and its outer hash.
 *
 * One-shot hashes over them cost a third of an Hmac object, which is a stream with a native part for the collector to
 * find.
 */
export class SigningKey {
  /** the key XOR 0x36, filled up to a block */
  readonly inner = Buffer.alloc(BLOCK_BYTES, 0x36);
  /** the key XOR 0x5c, filled up to a block */
  readonly outer = Buffer.alloc(BLOCK_BYTES, 0x5c);

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    for (const [i, byte] of key.entries()) {
      this.inner[i] = byte ^ 0x36;
      this.outer[i] = byte ^ 0x5c;
    }
  }
}

/** Derives the key for one secret, day and region: four HMACs, so keep it. */
export function deriveSigningKey(secretAccessKey: string, scope: CredentialScope): SigningKey {
  let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`, 'utf8');
  for (const part of [scope.day, scope.region, SERVICE, TERMINATOR]) {
    key = createHmac('sha256', key).update(part).digest();
  }
  return new SigningKey(key);
}

// Reused: everything here is synchronous.
const innerBlocks = Buffer.allocUnsafe(4096);
const outerBlocks = Buffer.allocUnsafe(BLOCK_BYTES + SHA256_BYTES);
const expectedBytes = Buffer.allocUnsafe(2 * SHA256_BYTES);
const givenBytes = Buffer.allocUnsafe(2 * SHA256_BYTES);

/** SHA-256 of a latin1 string in lower-case hex. */
export function sha256Hex(text: string): string {
  if (text.length > innerBlocks.length) return hash('sha256', Buffer.from(text, 'latin1'), 'hex');
  return hash('sha256', innerBlocks.subarray(0, innerBlocks.write(text, 0, 'latin1')), 'hex');
}

/** HMAC-SHA-256 of a latin1 string in lower-case hex. */
export function hmacHex(key: SigningKey, text: string): string {
  const length = BLOCK_BYTES + text.length;
  const blocks = length > innerBlocks.length ? Buffer.allocUnsafe(length) : innerBlocks;
  blocks.set(key.inner);
  blocks.write(text, BLOCK_BYTES, 'latin1');
  const inner = hash('sha256', blocks.subarray(0, length), 'latin1');
  outerBlocks.set(key.outer);
  outerBlocks.write(inner, BLOCK_BYTES, 'latin1');
  return hash('sha256', outerBlocks, 'hex');
}

/** Compares two signatures in a time that does not depend on where they differ. */
export function signaturesEqual(expected: string, given: string): boolean {
  if (expected.length !== expectedBytes.length || given.length !== givenBytes.length) return false;
  expectedBytes.write(expected, 0, 'latin1');
  givenBytes.write(given, 0, 'latin1');
  return timingSafeEqual(expectedBytes, givenBytes);
}

/**
 * A bounded least-recently-used store of derived keys.
 *
 * Only keys that have verified a signature belong in it: otherwise anyone who knows an access key id could push the
 * useful ones out with invented regions.
 */
export class SigningKeyCache {
  readonly #entries = new Map<string, { secret: string; key: SigningKey }>();
  readonly #limit: number;
  /** What was found last, by the very same scope: the requests of a client follow each other. */
  #last: { accessKeyId: string; secret: string; scope: CredentialScope; key: SigningKey } | undefined;

  constructor(limit = 1000) {
    this.#limit = limit;
  }

  /** The remembered key, or undefined when there is none or the secret has changed since. */
  find(accessKeyId: string, secret: string, scope: CredentialScope): SigningKey | undefined {
    const last = this.#last;
    if (last?.scope === scope && last.accessKeyId === accessKeyId && last.secret === secret) return last.key;
    const id = cacheId(accessKeyId, scope);
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.secret !== secret) return undefined;
    this.#last = { accessKeyId, secret, scope, key: entry.key };
    // Order only matters once something may soon be evicted; below that a hit stays one map look-up.
    if (this.#entries.size * 2 > this.#limit) {
      this.#entries.delete(id);
      this.#entries.set(id, entry);
    }
    return entry.key;
  }

  remember(accessKeyId: string, secret: string, scope: CredentialScope, key: SigningKey): void {
    const id = cacheId(accessKeyId, scope);
    this.#last = undefined;
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
