/**
 * @module The load under which the server is killed: writers that put, overwrite, copy and delete on the same few keys,
 * and read what they find there. Every intent is noted before it is sent, every answer when it has come.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { encodeKey } from '@cistern/protocol';
import { request } from 'undici';

import { objectPath, sha256Hex } from '../support/s3.ts';
import type { S3, S3Response } from '../support/s3.ts';
import { elements, text } from '../support/xml.ts';
import { ABSENT, KeyHistory } from './key-history.ts';
import type { Attempt } from './key-history.ts';
import { seededBytes, seededChoice } from './seeded.ts';

type Pick = (below: number) => number;

/** What the writers do: how often each is set by how often it is named. */
export type LoadOperation = 'put' | 'copy' | 'delete' | 'read' | 'linger' | 'multipart';

export interface LoadProfile {
  readonly bucket: string;
  readonly keys: number;
  readonly operations: readonly LoadOperation[];
  /** Contents are so few that each is made once. */
  readonly keepContents: boolean;
  /** Where `prepare` puts an object that parts of others are copied from; needed for `multipart`. */
  readonly source?: { readonly bucket: string; readonly key: string };
  /** The name of some content and its size. @param unique a name that no other content has */
  readonly content: (pick: Pick, unique: string) => { name: string; size: number };
}

/** Bytes: inline ones and files, on both sides of the limit between them. */
const SMALL_SIZES = [0, 1, 100, 1_000, 4_096, 20_000, 65_535, 65_536, 65_537];
const LARGE_SIZES = [300_000, 1_048_576, 3_000_001];
/** Contents that all writers share, so that blobs are found again while others free them. */
const SHARED_BODIES = 16;

export const KILL_PROFILE: LoadProfile = {
  bucket: 'kill',
  keys: 24,
  keepContents: false,
  operations: ['delete', 'copy', 'read', 'put', 'put', 'put', 'put', 'put', 'put', 'put'],
  content: (pick, unique) => {
    // Few are large, so that many writes are answered before the end.
    const sizes = pick(10) === 0 ? LARGE_SIZES : SMALL_SIZES;
    const size = sizes[pick(sizes.length)] ?? 0;
    return { size, name: pick(2) === 0 ? `shared ${pick(SHARED_BODIES)}` : unique };
  },
};

/** A reader that lingers does so for so many writes of others, or so long when they do not come. */
const LINGER_WRITES = 12;
const LINGER_MS_MAX = 300;

/** Of the object that parts are copied from: more than a server can have sent to a reader that lingers. Bytes. */
const SOURCE_BYTES = 16 * 1024 * 1024;

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

  readonly #profile: LoadProfile;
  readonly #contents = new Map<string, Buffer>();

  constructor(seed: string, profile: LoadProfile) {
    this.#seed = seed;
    this.#profile = profile;
    for (let i = 0; i < profile.keys; i++) this.histories.set(`a b/key+${i}`, new KeyHistory());
  }

  /** To be called once, before anything is written. */
  async prepare(s3: S3): Promise<void> {
    const { source } = this.#profile;
    if (source !== undefined) await s3.put(source.bucket, source.key, this.#source());
  }

  /** Writes until the connection breaks. @param name unlike that of any other writer of the run */
  async write(s3: S3, name: string): Promise<void> {
    const pick = seededChoice(`${this.#seed} ${name}`);
    for (let step = 0; ; step++) {
      const { operations } = this.#profile;
      const operation = operations[pick(operations.length)] ?? 'read';
      const key = this.#pickKey(pick);
      if (!(await this.#run(operation, { s3, key, pick, unique: `${name} ${step}` }))) return;
    }
  }

  /** Resolves to false when the connection broke. */
  #run(
    operation: LoadOperation,
    { s3, key, pick, unique }: { s3: S3; key: string; pick: Pick; unique: string },
  ): Promise<boolean> {
    switch (operation) {
      case 'delete':
        return this.#delete(s3, key);
      case 'copy':
        return this.#copy(s3, this.#pickKey(pick), key);
      case 'read':
        return this.#read(s3, key);
      case 'linger':
        return this.#linger(s3, key);
      case 'put':
        return this.#put(s3, key, this.#body(this.#profile.content(pick, unique)));
      case 'multipart':
        return this.#multipart(s3, { key, pick, unique });
    }
  }

  /** Holds every key and the listing to what they may be, and takes what it finds as the state from now on. */
  async verify(s3: S3): Promise<void> {
    const { bucket } = this.#profile;
    const listing = await s3.bucket('GET', bucket, { query: { 'list-type': '2' } });
    assert.equal(listing.status, 200, listing.text);
    const listed = new Map(
      elements(listing.text, 'Contents').map((entry) => [text(entry, 'Key') ?? '', entry] as const),
    );
    for (const [key, history] of this.histories) {
      const response = await s3.object('GET', bucket, key);
      assert.ok(response.status === 200 || response.status === 404, `${key}: ${response.text}`);
      const state = response.status === 404 ? ABSENT : sha256Hex(response.body);
      assert.ok(state === ABSENT || this.#states.has(state), `${key} holds bytes that nobody wrote`);
      const allowed = history.allowed();
      assert.ok(
        allowed.has(state),
        `${key} is ${state}; acknowledged or in flight: ${[...allowed].join(', ')}`,
      );
      history.settle(state);

      const entry = listed.get(key);
      assert.equal(entry !== undefined, state !== ABSENT, `the listing and GET of ${key} differ`);
      if (entry === undefined) continue;
      assert.equal(text(entry, 'ETag'), response.headers['etag']);
      assert.equal(text(entry, 'Size'), String(response.body.length));
      listed.delete(key);
    }
    assert.deepEqual([...listed.keys()], [], 'keys that nobody wrote are listed');
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

  #pickKey(pick: Pick): string {
    return `a b/key+${pick(this.#profile.keys)}`;
  }

  #body({ name, size }: { name: string; size: number }): Buffer {
    const kept = this.#contents.get(name);
    if (kept !== undefined) return kept;
    const body = seededBytes(`${this.#seed} ${name}`, size);
    if (this.#profile.keepContents) this.#contents.set(name, body);
    return body;
  }

  #history(key: string): KeyHistory {
    const history = this.histories.get(key);
    assert.ok(history);
    return history;
  }

  async #put(s3: S3, key: string, body: Buffer): Promise<boolean> {
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const state = this.#intend(etag, body);
    const attempt = this.#history(key).begin(new Set([state]));
    const response = await answerOf(
      s3.object('PUT', this.#profile.bucket, key, { body, payload: 'UNSIGNED-PAYLOAD' }),
    );
    if (response === undefined) return false;
    assert.equal(response.status, 200, response.text);
    assert.equal(response.headers['etag'], etag);
    this.#history(key).acknowledge(attempt, state);
    this.acknowledged += 1;
    return true;
  }

  /** Notes a body that is about to be sent. @returns the state of a key that has it */
  #intend(etag: string, body: Buffer): string {
    const state = sha256Hex(body);
    this.#sent.set(etag, state);
    this.#states.add(state);
    return state;
  }

  /** One part of any content, or one more before it that is copied; some are sent again with another content, some uploads are aborted. */
  async #multipart(
    s3: S3,
    { key, pick, unique }: { key: string; pick: Pick; unique: string },
  ): Promise<boolean> {
    const { bucket, content } = this.#profile;
    const parts = [this.#body(content(pick, unique))];
    // Whoever reads it opens the second file late.
    const copies = pick(3) === 0;
    if (copies) parts.unshift(this.#source());
    const created = await answerOf(s3.object('POST', bucket, key, { query: 'uploads=' }));
    if (created === undefined) return false;
    assert.equal(created.status, 200, created.text);
    const uploadId = text(created.text, 'UploadId') ?? '';
    const send = async (number: number, body: Buffer): Promise<boolean> => {
      const query = { partNumber: String(number), uploadId };
      const sent = await answerOf(
        s3.object('PUT', bucket, key, { query, body, payload: 'UNSIGNED-PAYLOAD' }),
      );
      if (sent !== undefined) assert.equal(sent.status, 200, sent.text);
      return sent !== undefined;
    };
    if (pick(4) === 0 && !(await send(parts.length, this.#body(content(pick, `${unique} before`)))))
      return false;
    if (copies && !(await this.#copyPart(s3, key, uploadId))) return false;
    if (!(await send(parts.length, parts.at(-1) ?? Buffer.alloc(0)))) return false;
    if (pick(3) === 0) {
      const aborted = await answerOf(s3.object('DELETE', bucket, key, { query: { uploadId } }));
      if (aborted !== undefined) assert.equal(aborted.status, 204, aborted.text);
      return aborted !== undefined;
    }
    return this.#complete(s3, { key, uploadId, parts });
  }

  async #copyPart(s3: S3, key: string, uploadId: string): Promise<boolean> {
    const { bucket, source } = this.#profile;
    const headers = { 'x-amz-copy-source': `/${source?.bucket}/${source?.key}` };
    const query = { partNumber: '1', uploadId };
    const copied = await answerOf(s3.object('PUT', bucket, key, { query, headers }));
    if (copied !== undefined) assert.equal(copied.status, 200, copied.text);
    return copied !== undefined;
  }

  #source(): Buffer {
    return this.#body({ name: 'source', size: SOURCE_BYTES });
  }

  async #complete(
    s3: S3,
    { key, uploadId, parts }: { key: string; uploadId: string; parts: readonly Buffer[] },
  ): Promise<boolean> {
    const digests = parts.map((part) => createHash('md5').update(part).digest());
    const etag = `"${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${parts.length}"`;
    const state = this.#intend(etag, Buffer.concat(parts));
    const list = digests.map(
      (digest, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${digest.toString('hex')}</ETag></Part>`,
    );
    const body = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`;
    const attempt = this.#history(key).begin(new Set([state]));
    const response = await answerOf(
      s3.object('POST', this.#profile.bucket, key, { query: { uploadId }, body }),
    );
    if (response === undefined) return false;
    assert.equal(response.status, 200, response.text);
    assert.equal(text(response.text, 'ETag'), etag, response.text);
    this.#history(key).acknowledge(attempt, state);
    this.acknowledged += 1;
    return true;
  }

  async #delete(s3: S3, key: string): Promise<boolean> {
    const attempt = this.#history(key).begin(new Set([ABSENT]));
    const response = await answerOf(s3.object('DELETE', this.#profile.bucket, key));
    if (response === undefined) return false;
    assert.equal(response.status, 204, response.text);
    this.#history(key).acknowledge(attempt, ABSENT);
    this.acknowledged += 1;
    return true;
  }

  async #copy(s3: S3, source: string, key: string): Promise<boolean> {
    if (source === key) return true;
    const attempt = this.#history(key).begin(new Set());
    const headers = { 'x-amz-copy-source': `/${this.#profile.bucket}/${encodeKey(source)}` };
    const response = await answerOf(s3.object('PUT', this.#profile.bucket, key, { headers }));
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
    const response = await answerOf(s3.object('GET', this.#profile.bucket, key));
    if (response === undefined) return false;
    if (response.status === 404) return true;
    assert.equal(response.status, 200, response.text);
    const sent = this.#sent.get(response.headers['etag'] ?? '');
    assert.equal(sha256Hex(response.body), sent, `${key} was read as a mixture`);
    return true;
  }

  /** Begins to read, and goes on when others have written: by then the key may have other bytes, and these be given up. */
  async #linger(s3: S3, key: string): Promise<boolean> {
    const { method, target, headers } = s3.prepare('GET', objectPath(this.#profile.bucket, key));
    const acknowledged = this.acknowledged + LINGER_WRITES;
    try {
      const response = await request(`${s3.endpoint}${target}`, { method, headers: headers.flat() });
      const chunks: Buffer[] = [];
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        const waits = chunks.push(chunk) === 1 ? LINGER_MS_MAX : 0;
        for (let i = 0; i < waits && this.acknowledged < acknowledged; i++) await delay(1);
      }
      if (response.statusCode === 404) return true;
      assert.equal(response.statusCode, 200);
      const sent = this.#sent.get(String(response.headers.etag));
      assert.equal(sha256Hex(Buffer.concat(chunks)), sent, `${key} was read as a mixture`);
      return true;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return false;
    }
  }
}

/** Undefined when the connection broke: the request may have been done or not. */
async function answerOf(answer: Promise<S3Response>): Promise<S3Response | undefined> {
  try {
    return await answer;
  } catch {
    return undefined;
  }
}
