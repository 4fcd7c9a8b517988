/**
 * A bucket's history in memory, in the plainest form: of each key a list of versions, the newest first. What the catalog
 * does is done here once more, by S3's rules as its pages tell them, and compared.
 */

import assert from 'node:assert/strict';

import type {
  Catalog,
  ChosenVersioning,
  HistoryRequest,
  HistoryResult,
  Version,
  VersionId,
  Versioning,
} from '../catalog.ts';
import { copyOf, inline, publication } from '../requests.fixtures.ts';

export interface ModelVersion {
  readonly seq: number;
  readonly isNull: boolean;
  readonly deleteMarker: boolean;
  /** Empty: of a delete marker. */
  readonly etag: string;
}

export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export const idOf = ({ seq, isNull }: Pick<Version, 'seq' | 'isNull'>): VersionId => (isNull ? 'null' : seq);

/** Does to a catalog what it does to itself. */
export class HistoryModel {
  readonly catalog: Catalog;
  readonly bucket: number;
  readonly keys = new Map<string, ModelVersion[]>();
  versioning: Versioning = 'never';
  #writes = 0;

  constructor(catalog: Catalog, bucket: number) {
    this.catalog = catalog;
    this.bucket = bucket;
  }

  async setVersioning(versioning: ChosenVersioning): Promise<void> {
    await this.catalog.setVersioning(this.bucket, versioning);
    this.versioning = versioning;
  }

  async put(key: string): Promise<ModelVersion> {
    const content = inline(`${key} ${this.#writes++}`);
    const request = publication({ bucket: this.bucket, key, ...content });
    const { seq, version } = await this.catalog.publishVersion(request);
    const isNull = this.versioning !== 'enabled';
    assert.equal(version, this.versioning === 'never' ? null : isNull ? 'null' : seq);
    return this.#add(key, { seq, isNull, deleteMarker: false, etag: content.etag });
  }

  /** The latest version, if it is data. */
  async copy(from: string, key: string): Promise<void> {
    const { catalog, bucket } = this;
    const version = await this.#find(from);
    if (version === undefined || version.deleteMarker) return;
    const { seq } = await catalog.copyVersion(copyOf({ bucket, version }, { bucket, key }));
    const isNull = this.versioning !== 'enabled';
    this.#add(key, { seq, isNull, deleteMarker: false, etag: version.etag });
  }

  async delete(key: string): Promise<void> {
    const [result] = await this.catalog.deleteVersions(this.bucket, [{ key }]);
    if (this.versioning === 'never') {
      assert.deepEqual(result, { version: null, deleteMarker: false, error: null });
      this.keys.delete(key);
      return;
    }
    assert.equal(result?.deleteMarker, true);
    const isNull = this.versioning === 'suspended';
    const version = result.version ?? 'null';
    assert.equal(version === 'null', isNull);
    const seq = version === 'null' ? (await this.#find(key, 'null'))?.seq : version;
    this.#add(key, { seq: seq ?? 0, isNull, deleteMarker: true, etag: '' });
  }

  async deleteVersion(key: string, version: VersionId): Promise<void> {
    const [result] = await this.catalog.deleteVersions(this.bucket, [{ key, version }]);
    const versions = this.keys.get(key) ?? [];
    const index = versions.findIndex((one) => idOf(one) === version);
    const deleteMarker = versions[index]?.deleteMarker ?? false;
    assert.deepEqual(result, { version, deleteMarker, error: null });
    if (index === -1) return;
    versions.splice(index, 1);
    if (versions.length === 0) this.keys.delete(key);
  }

  /** Holds the catalog to what it shows of every key that was ever used. */
  async compare(keys: readonly string[]): Promise<void> {
    const expected: unknown[] = [];
    const current: string[] = [];
    for (const key of [...keys].sort(byBytes)) {
      const versions = this.keys.get(key) ?? [];
      for (const [i, version] of versions.entries()) expected.push({ key, ...version, latest: i === 0 });
      const latest = versions[0];
      if (latest !== undefined && !latest.deleteMarker) current.push(key);
      assert.deepEqual(modelOf(await this.#find(key)), latest);
      const ofNull = versions.find(({ isNull }) => isNull);
      assert.deepEqual(modelOf(await this.#find(key, 'null')), ofNull);
      for (const version of versions) {
        // The number of a null version is not its id.
        const found = modelOf(await this.#find(key, version.seq));
        assert.deepEqual(found, version.isNull ? undefined : version);
      }
    }
    const everything = { prefix: '', delimiter: '', limit: 1000 };
    const all = await this.catalog.listVersions({
      bucket: this.bucket,
      after: { key: '' },
      ...everything,
    });
    const shown = all.entries.map(({ key, seq, isNull, deleteMarker, etag, latest }) => {
      return { key, seq, isNull, deleteMarker, etag, latest };
    });
    assert.deepEqual(shown, expected);
    const objects = await this.catalog.listObjects({ bucket: this.bucket, after: '', ...everything });
    assert.deepEqual(
      objects.versions.map(({ key }) => key),
      current,
    );
  }

  /** A page of the history, in short: entries as `key seq`, the latest marked. */
  list(request: HistoryRequest): ShortPage {
    const { prefix, delimiter, after, limit } = request;
    const entries: { at: string; text?: string; last: HistoryResult['last'] }[] = [];
    const groups = new Set<string>();
    for (const key of [...this.keys.keys()].sort(byBytes)) {
      if (!key.startsWith(prefix)) continue;
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      if (end !== -1) {
        const group = key.slice(0, end + delimiter.length);
        if (!groups.has(group) && byBytes(group, after.key) > 0)
          entries.push({ at: group, last: { key: group } });
        groups.add(group);
        continue;
      }
      const versions = this.keys.get(key) ?? [];
      for (const [i, { seq }] of versions.entries()) {
        if (this.#isAfter(key, seq, after)) {
          const text = `${key} ${seq}${i === 0 ? ' latest' : ''}`;
          entries.push({ at: key, text, last: { key, version: seq } });
        }
      }
    }
    const page = entries.slice(0, limit);
    return {
      entries: page.flatMap(({ text }) => text ?? []),
      commonPrefixes: page.flatMap(({ at, text }) => (text === undefined ? at : [])),
      truncated: limit > 0 && entries.length > limit,
      last: page.at(-1)?.last ?? { key: '' },
    };
  }

  #isAfter(key: string, seq: number, after: HistoryRequest['after']): boolean {
    const order = byBytes(key, after.key);
    if (order !== 0 || after.version === undefined) return order > 0;
    const mark =
      after.version === 'null' ? this.keys.get(key)?.find(({ isNull }) => isNull)?.seq : after.version;
    return mark === undefined || seq < mark;
  }

  #find(key: string, version?: VersionId): Promise<Version | undefined> {
    return this.catalog.findVersion(this.bucket, key, { version });
  }

  #add(key: string, version: ModelVersion): ModelVersion {
    // A null version takes the place of the one that was there, wherever it stood.
    const others = (this.keys.get(key) ?? []).filter(({ isNull }) => !(isNull && version.isNull));
    this.keys.set(key, [version, ...others]);
    return version;
  }
}

export interface ShortPage {
  readonly entries: readonly string[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  readonly last: HistoryResult['last'];
}

export function inShort({ entries, ...rest }: HistoryResult): ShortPage {
  const texts = entries.map(({ key, seq, latest }) => `${key} ${seq}${latest ? ' latest' : ''}`);
  return { ...rest, entries: texts };
}

export function modelOf(version: Version | undefined): ModelVersion | undefined {
  if (version === undefined) return undefined;
  const { seq, isNull, deleteMarker, etag } = version;
  return { seq, isNull, deleteMarker, etag };
}

export async function newModel(opening: Promise<Catalog> | Catalog, name = 'photos'): Promise<HistoryModel> {
  const catalog = await opening;
  const { id } = await catalog.createBucket({ name, owner: 'alice', region: 'us-east-1' });
  return new HistoryModel(catalog, id);
}

export async function findIn(model: HistoryModel, key: string, version?: VersionId): Promise<Version> {
  const found = await model.catalog.findVersion(model.bucket, key, { version });
  assert.ok(found);
  return found;
}

/** An object's bytes, when they are all kept in the catalog. */
export async function readOf(model: HistoryModel, key: string, version?: VersionId): Promise<string> {
  const opened = await model.catalog.openVersion(model.bucket, key, { version });
  const extents = (await opened?.extents(0, opened.version.size)) ?? [];
  opened?.release();
  return extents.map(({ data }) => Buffer.from(data ?? []).toString()).join('');
}
