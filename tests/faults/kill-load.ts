/**
 * @module The load under which the server is killed: writers that put, overwrite, copy and delete on the same few keys,
 * and read what they find there. Every intent is noted before it is sent, every answer when it has come.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { encodeKey } from '@cistern/protocol';

import { sha256Hex } from '../support/s3.ts';
import type { S3, S3Response } from '../support/s3.ts';
import { text } from '../support/xml.ts';
import { ABSENT, KeyHistory } from './key-history.ts';
import type { Attempt } from './key-history.ts';
import { seededBytes, seededChoice } from './seeded.ts';

export const BUCKET = 'kill';
const KEYS = 24;
/** Bytes: inline ones and files, on both sides of the limit between them. */
const SMALL_SIZES = [0, 1, 100, 1_000, 4_096, 20_000, 65_535, 65_536, 65_537];
const LARGE_SIZES = [300_000, 1_048_576, 3_000_001];
/** Contents that all writers share, so that blobs are found again while others free them. */
const SHARED_BODIES = 16;

export class KillLoad {
  /** by key */
  readonly histories = new Map<string, KeyHistory>();
  acknowledged = 0;
  readonly #seed: string;
  /** Copies that were not answered: their results follow from what their sources held. */
  #openCopies: { attempt: Attempt; source: KeyHistory }[] = [];
  /** SHA-256 of every body that was ever sent, by its ETag. */
  readonly #sent = new Map<string, string>();
  readonly #states = new Set<string>();

  constructor(seed: string) {
    this.#seed = seed;
    for (let i = 0; i < KEYS; i++) this.histories.set(`a b/key+${i}`, new KeyHistory());
  }

  /** Writes until the connection breaks. @param name unlike that of any other writer of the run */
  async write(s3: S3, name: string): Promise<void> {
    const pick = seededChoice(`${this.#seed} ${name}`);
    for (let step = 0; ; step++) {
      const kind = pick(10);
      const key = this.#pickKey(pick);
      let request: Promise<boolean>;
      if (kind === 0) request = this.#delete(s3, key);
      else if (kind === 1) request = this.#copy(s3, this.#pickKey(pick), key);
      else if (kind === 2) request = this.#read(s3, key);
      else request = this.#put(s3, key, this.#pickBody(pick, `${name} ${step}`));
      if (!(await request)) return;
    }
  }

  /** Whether a body with this hash was ever sent: anything else is a mixture or damage. */
  wasSent(sha256: string): boolean {
    return this.#states.has(sha256);
  }

  /** Call when all writers of a round have ended: settles what copies that were not answered may have written. */
  resolveCopies(): void {
    // One copy's source may be the target of another: so often that the last of a chain has seen the first.
    for (const _ of this.#openCopies) {
      for (const { attempt, source } of this.#openCopies) {
        attempt.states = new Set([...source.everHeld()].filter((state) => state !== ABSENT));
      }
    }
    this.#openCopies = [];
  }

  #pickKey(pick: (below: number) => number): string {
    return `a b/key+${pick(KEYS)}`;
  }

  #pickBody(pick: (below: number) => number, unique: string): Buffer {
    // Few are large, so that many writes are answered before the end.
    const sizes = pick(10) === 0 ? LARGE_SIZES : SMALL_SIZES;
    const size = sizes[pick(sizes.length)] ?? 0;
    return seededBytes(`${this.#seed} ${pick(2) === 0 ? `shared ${pick(SHARED_BODIES)}` : unique}`, size);
  }

  #history(key: string): KeyHistory {
    const history = this.histories.get(key);
    assert.ok(history);
    return history;
  }

  async #put(s3: S3, key: string, body: Buffer): Promise<boolean> {
    const state = sha256Hex(body);
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    this.#sent.set(etag, state);
    this.#states.add(state);
    const attempt = this.#history(key).begin(new Set([state]));
    const response = await answerOf(s3.object('PUT', BUCKET, key, { body, payload: 'UNSIGNED-PAYLOAD' }));
    if (response === undefined) return false;
    assert.equal(response.status, 200, response.text);
    assert.equal(response.headers['etag'], etag);
    this.#history(key).acknowledge(attempt, state);
    this.acknowledged += 1;
    return true;
  }

  async #delete(s3: S3, key: string): Promise<boolean> {
    const attempt = this.#history(key).begin(new Set([ABSENT]));
    const response = await answerOf(s3.object('DELETE', BUCKET, key));
    if (response === undefined) return false;
    assert.equal(response.status, 204, response.text);
    this.#history(key).acknowledge(attempt, ABSENT);
    this.acknowledged += 1;
    return true;
  }

  async #copy(s3: S3, source: string, key: string): Promise<boolean> {
    if (source === key) return true;
    const attempt = this.#history(key).begin(new Set());
    const headers = { 'x-amz-copy-source': `/${BUCKET}/${encodeKey(source)}` };
    const response = await answerOf(s3.object('PUT', BUCKET, key, { headers }));
    if (response === undefined) {
      this.#openCopies.push({ attempt, source: this.#history(source) });
      return false;
    }
    if (response.status === 404) {
      this.#history(key).withdraw(attempt);
      return true;
    }
    assert.equal(response.status, 200, response.text);
    const copied = this.#sent.get(text(response.text, 'ETag') ?? '');
    assert.ok(copied, `a copy of what nobody wrote: ${response.text}`);
    this.#history(key).acknowledge(attempt, copied);
    this.acknowledged += 1;
    return true;
  }

  async #read(s3: S3, key: string): Promise<boolean> {
    const response = await answerOf(s3.object('GET', BUCKET, key));
    if (response === undefined) return false;
    if (response.status === 404) return true;
    assert.equal(response.status, 200, response.text);
    const sent = this.#sent.get(response.headers['etag'] ?? '');
    assert.equal(sha256Hex(response.body), sent, `${key} was read as a mixture`);
    return true;
  }
}

/** Undefined when the connection broke: the request may have been done or not. */
async function answerOf(request: Promise<S3Response>): Promise<S3Response | undefined> {
  try {
    return await request;
  } catch {
    return undefined;
  }
}
