/**
 * @module A writer with two buckets of its own, who does one thing after another, of every kind that writes. So what is there
 * after a power cut is known exactly: what the last acknowledgement said, or that and the one request that was never answered.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { md5Base64, sha256Hex } from '../../support/s3.ts';
import type { S3, S3Response } from '../../support/s3.ts';
import { text } from '../../support/xml.ts';
import { setVersioning } from '../../support/versions.ts';
import { seededBytes, seededChoice } from '../seeded.ts';
import { describe, EMPTY, MARKER, observe, withEntry } from './cut-state.ts';
import type { CutState, KeptVersion } from './cut-state.ts';
import { Unanswered } from './watched-s3.ts';

/** Inline ones, and files: few large ones, which go past the page cache. */
const SIZES = [0, 100, 4_096, 65_536, 65_537, 70_000, 100_000, 100_000, 200_000, 4_500_000];
const KEYS = 5;
const VERSIONS_MAX = 4;
const SNAPSHOTS_MAX = 2;
const APPEND_TO_MAX = 500_000;

const KINDS = [
  'put',
  'put',
  'put',
  'put',
  'delete',
  'copy',
  'rename',
  'append',
  'multipart',
  'putVersion',
  'putVersion',
  'deleteVersion',
  'snapshot',
] as const;
type Kind = (typeof KINDS)[number];

export class CutWriter {
  readonly buckets: { readonly plain: string; readonly versioned: string };
  readonly #pick: (below: number) => number;
  readonly #seed: string;
  #state: CutState = EMPTY;
  /** What the request would make of it that was not answered yet. */
  #next: CutState | undefined;
  #steps = 0;
  /** What objects are made of that may be appended to, by their hash. */
  readonly #bodies = new Map<string, Buffer>();

  /** @param name becomes a part of bucket names */
  constructor(seed: string, name: string) {
    this.#seed = `${seed} ${name}`;
    this.#pick = seededChoice(this.#seed);
    this.buckets = { plain: `cut-${name}-plain`, versioned: `cut-${name}-versions` };
  }

  /** Makes the buckets. */
  async prepare(s3: S3): Promise<void> {
    for (const bucket of [this.buckets.plain, this.buckets.versioned])
      assert.equal((await s3.bucket('PUT', bucket)).status, 200);
    await setVersioning(s3, this.buckets.versioned, 'Enabled');
  }

  /** Writes until a request is not answered. */
  async write(s3: S3): Promise<void> {
    try {
      for (;;) await this.#do(KINDS[this.#pick(KINDS.length)] ?? 'put', s3);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
    }
  }

  /** Holds the buckets to what they may show, and takes that as their state from now on. */
  async verify(s3: S3): Promise<void> {
    const allowed = this.#next === undefined ? [this.#state] : [this.#state, this.#next];
    const known = new Set(allowed.flatMap(({ uploads }) => [...uploads.keys()]));
    const found = await observe(s3, { ...this.buckets, known });
    const is = describe(found);
    const may = allowed.map(describe);
    if (!may.includes(is))
      assert.fail(
        `${this.buckets.plain} after step ${this.#steps} shows\n${is}\n--- acknowledged:\n${may[0]}\n--- or:\n${may[1]}`,
      );
    this.#state = found;
    this.#next = undefined;
    const held = new Set(found.objects.values());
    for (const hash of this.#bodies.keys()) if (!held.has(hash)) this.#bodies.delete(hash);
  }

  /** @param next what the buckets show once it is done */
  async #step(next: CutState, request: Promise<S3Response>): Promise<S3Response> {
    this.#next = next;
    const response = await request;
    assert.ok(response.status < 300, response.text);
    this.#state = next;
    this.#next = undefined;
    return response;
  }

  #do(kind: Kind, s3: S3): Promise<unknown> {
    this.#steps++;
    const key = this.#key();
    switch (kind) {
      case 'put':
        return this.#put(s3, key, this.#body());
      case 'delete':
        return this.#step(this.#withObject(key, undefined), s3.object('DELETE', this.buckets.plain, key));
      case 'copy':
        return this.#copy(s3, key);
      case 'rename':
        return this.#rename(s3, key);
      case 'append':
        return this.#append(s3, key);
      case 'multipart':
        return this.#multipart(s3, key);
      case 'putVersion':
        return this.#putVersion(s3, key);
      case 'deleteVersion':
        return this.#deleteVersion(s3, key);
      case 'snapshot':
        return this.#snapshot(s3);
    }
  }

  #key(): string {
    return `key-${this.#pick(KEYS)}`;
  }

  /** Of all its own mostly, so that a file is written; else of a few, which may be found. */
  #body(): Buffer {
    const size = SIZES[this.#pick(SIZES.length)] ?? 0;
    const name = this.#pick(6) === 0 ? `shared ${this.#pick(3)}` : `${this.#steps}`;
    return seededBytes(`${this.#seed} ${name}`, size);
  }

  #withObject(key: string, held: string | undefined): CutState {
    return { ...this.#state, objects: withEntry(this.#state.objects, key, held) };
  }

  #put(s3: S3, key: string, body: Buffer, headers: Record<string, string> = {}): Promise<S3Response> {
    return this.#step(
      this.#withObject(key, this.#held(body)),
      s3.object('PUT', this.buckets.plain, key, { body, headers, payload: 'UNSIGNED-PAYLOAD' }),
    );
  }

  #held(body: Buffer): string {
    const hash = sha256Hex(body);
    if (body.length <= APPEND_TO_MAX) this.#bodies.set(hash, body);
    return hash;
  }

  async #copy(s3: S3, key: string): Promise<void> {
    const source = this.#key();
    const held = this.#state.objects.get(source);
    if (held === undefined || source === key) return;
    const headers = { 'x-amz-copy-source': `/${this.buckets.plain}/${source}` };
    await this.#step(this.#withObject(key, held), s3.object('PUT', this.buckets.plain, key, { headers }));
  }

  async #rename(s3: S3, key: string): Promise<void> {
    const source = this.#key();
    const held = this.#state.objects.get(source);
    if (held === undefined || source === key) return;
    const objects = withEntry(withEntry(this.#state.objects, source, undefined), key, held);
    const headers = { 'x-amz-rename-source': source };
    const query = { renameObject: '' };
    await this.#step(
      { ...this.#state, objects },
      s3.object('PUT', this.buckets.plain, key, { query, headers }),
    );
  }

  async #append(s3: S3, key: string): Promise<void> {
    const held = this.#state.objects.get(key);
    const before = held === undefined ? Buffer.alloc(0) : this.#bodies.get(held);
    if (before === undefined) return;
    const piece = this.#body();
    const headers = { 'x-amz-write-offset-bytes': String(before.length) };
    await this.#step(
      this.#withObject(key, this.#held(Buffer.concat([before, piece]))),
      s3.object('PUT', this.buckets.plain, key, { body: piece, headers, payload: 'UNSIGNED-PAYLOAD' }),
    );
  }

  /** Every request of it is acknowledged, and must be remembered. */
  async #multipart(s3: S3, key: string): Promise<void> {
    const { plain } = this.buckets;
    // Its id is in the answer: nothing is known of an upload whose answer never came.
    const created = await this.#step(this.#state, s3.object('POST', plain, key, { query: 'uploads=' }));
    const uploadId = text(created.text, 'UploadId') ?? '';
    this.#state = this.#withUpload(uploadId, []);
    const body = this.#body();
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const query = { uploadId, partNumber: '1' };
    await this.#step(
      this.#withUpload(uploadId, [etag]),
      s3.object('PUT', plain, key, { query, body, headers: { 'content-md5': md5Base64(body) } }),
    );
    const { uploads } = this.#withUpload(uploadId, undefined);
    if (this.#pick(3) === 0) {
      await this.#step({ ...this.#state, uploads }, s3.object('DELETE', plain, key, { query: { uploadId } }));
      return;
    }
    const list = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
    await this.#step(
      { ...this.#withObject(key, this.#held(body)), uploads },
      s3.object('POST', plain, key, { query: { uploadId }, body: list }),
    );
  }

  #withUpload(id: string, parts: readonly string[] | undefined): CutState {
    return { ...this.#state, uploads: withEntry(this.#state.uploads, id, parts) };
  }

  #withVersions(key: string, kept: readonly KeptVersion[]): CutState {
    return { ...this.#state, versions: withEntry(this.#state.versions, key, kept) };
  }

  /** A version, or a delete marker, above those that are there. */
  async #putVersion(s3: S3, key: string): Promise<void> {
    const kept = this.#state.versions.get(key) ?? [];
    const marker = kept.length > 0 && this.#pick(4) === 0;
    const body = marker ? Buffer.alloc(0) : this.#body();
    const held = marker ? MARKER : sha256Hex(body);
    const { versioned } = this.buckets;
    const response = await this.#step(
      this.#withVersions(key, [{ held }, ...kept]),
      marker
        ? s3.object('DELETE', versioned, key)
        : s3.object('PUT', versioned, key, { body, payload: 'UNSIGNED-PAYLOAD' }),
    );
    const id = response.headers['x-amz-version-id'] ?? '';
    this.#state = this.#withVersions(key, [{ held, id }, ...kept]);
    if (kept.length >= VERSIONS_MAX) await this.#deleteVersion(s3, key);
  }

  async #deleteVersion(s3: S3, key: string): Promise<void> {
    const kept = this.#state.versions.get(key) ?? [];
    const doomed = kept[this.#pick(kept.length || 1)];
    if (doomed?.id === undefined) return;
    await this.#step(
      this.#withVersions(
        key,
        kept.filter((other) => other !== doomed),
      ),
      s3.object('DELETE', this.buckets.versioned, key, { query: { versionId: doomed.id } }),
    );
  }

  async #snapshot(s3: S3): Promise<void> {
    const { objects, snapshots } = this.#state;
    const [oldest] = snapshots.keys();
    const full = snapshots.size >= SNAPSHOTS_MAX && oldest !== undefined;
    const name = full ? oldest : `snap-${this.#steps}`;
    await this.#step(
      { ...this.#state, snapshots: withEntry(snapshots, name, full ? undefined : objects) },
      s3.bucket(full ? 'DELETE' : 'PUT', this.buckets.plain, { query: { 'cistern-snapshot': name } }),
    );
  }
}
