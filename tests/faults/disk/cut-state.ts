/**
 * @module What a writer's two buckets show: the objects of one, the versions of the other, the snapshots of the first, and the
 * parts of uploads. Two states are equal when their descriptions are. Contents are told by their SHA-256.
 */

import assert from 'node:assert/strict';

import { sha256Hex } from '../../support/s3.ts';
import type { S3 } from '../../support/s3.ts';
import { elements, text, texts } from '../../support/xml.ts';

/** Key to SHA-256. */
export type Objects = ReadonlyMap<string, string>;

export const MARKER = 'delete marker';

export interface KeptVersion {
  /** Undefined until it is known: ids are no part of a description. */
  readonly id?: string;
  /** SHA-256, or MARKER. */
  readonly held: string;
}

export interface CutState {
  readonly objects: Objects;
  /** Newest first. */
  readonly versions: ReadonlyMap<string, readonly KeptVersion[]>;
  readonly snapshots: ReadonlyMap<string, Objects>;
  /** ETags of the parts that have come, by upload id. */
  readonly uploads: ReadonlyMap<string, readonly string[]>;
}

export const EMPTY: CutState = {
  objects: new Map(),
  versions: new Map(),
  snapshots: new Map(),
  uploads: new Map(),
};

/** @returns a map with an entry more, or another; undefined takes it away */
export function withEntry<V>(map: ReadonlyMap<string, V>, key: string, value: V | undefined): Map<string, V> {
  const changed = new Map(map);
  if (value === undefined) changed.delete(key);
  else changed.set(key, value);
  return changed;
}

export function describe({ objects, versions, snapshots, uploads }: CutState): string {
  const lines = [...objects].map(([key, held]) => `object ${key}: ${held}`);
  for (const [key, kept] of versions)
    if (kept.length > 0) lines.push(`versions of ${key}: ${kept.map(({ held }) => held).join(', ')}`);
  for (const [name, shown] of snapshots) {
    const shows = [...shown].map(([key, held]) => `${key}: ${held}`).toSorted();
    lines.push(`snapshot ${name}: ${shows.join(', ')}`);
  }
  for (const [id, parts] of uploads) lines.push(`upload ${id}: ${parts.join(', ')}`);
  return lines.toSorted().join('\n');
}

/** Reads everything, bodies, too. @param known uploads to look for: one that was never answered is nobody's */
export async function observe(
  s3: S3,
  { plain, versioned, known }: { plain: string; versioned: string; known: ReadonlySet<string> },
): Promise<CutState> {
  const snapshots = new Map<string, Objects>();
  const listed = await ask(s3, plain, 'cistern-snapshots=');
  for (const name of texts(listed, 'Name')) {
    if (name !== plain) snapshots.set(name, await objectsOf(s3, `${plain}--${name}--snap`));
  }
  const uploads = new Map<string, string[]>();
  for (const upload of elements(await ask(s3, plain, 'uploads='), 'Upload')) {
    const [key, id] = [text(upload, 'Key') ?? '', text(upload, 'UploadId') ?? ''];
    if (!known.has(id)) continue;
    const { text: parts } = await s3.object('GET', plain, key, { query: { uploadId: id } });
    uploads.set(id, texts(parts, 'ETag'));
  }
  return {
    objects: await objectsOf(s3, plain),
    versions: await versionsOf(s3, versioned),
    snapshots,
    uploads,
  };
}

async function objectsOf(s3: S3, bucket: string): Promise<Objects> {
  const objects = new Map<string, string>();
  for (const entry of elements(await ask(s3, bucket, 'list-type=2'), 'Contents')) {
    const key = text(entry, 'Key') ?? '';
    const { body, status, headers } = await s3.object('GET', bucket, key);
    assert.equal(status, 200, `${key} is listed, and cannot be read: ${body.toString('utf8', 0, 300)}`);
    assert.equal(text(entry, 'Size'), String(body.length), `the size of ${key}`);
    assert.equal(text(entry, 'ETag'), headers['etag'], `the ETag of ${key}`);
    objects.set(key, sha256Hex(body));
  }
  return objects;
}

async function versionsOf(s3: S3, bucket: string): Promise<Map<string, KeptVersion[]>> {
  const versions = new Map<string, KeptVersion[]>();
  const page = await ask(s3, bucket, 'versions=');
  for (const [, kind, entry = ''] of page.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)) {
    const [key, id] = [text(entry, 'Key') ?? '', text(entry, 'VersionId') ?? ''];
    let held = MARKER;
    if (kind === 'Version') {
      const { body, status } = await s3.object('GET', bucket, key, { query: { versionId: id } });
      assert.equal(status, 200, `version ${id} of ${key} is listed, and cannot be read`);
      held = sha256Hex(body);
    }
    versions.set(key, [...(versions.get(key) ?? []), { id, held }]);
  }
  return versions;
}

async function ask(s3: S3, bucket: string, query: string): Promise<string> {
  const { status, text: answer } = await s3.bucket('GET', bucket, { query });
  assert.equal(status, 200, answer);
  return answer;
}
