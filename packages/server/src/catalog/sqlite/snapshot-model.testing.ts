/**
 * A bucket with versions and snapshots as a plain model: lists in memory, no sharing. What a snapshot shows is copied when
 * it is made, so that whatever is done later cannot change it.
 */

import type { ChosenVersioning, VersionId, Versioning } from '../catalog.ts';

/** Keys with what stands for their bytes, and tags. */
export type Shown = ReadonlyMap<string, string>;

interface ModelVersion {
  readonly id: VersionId;
  readonly marker: boolean;
  readonly body: string;
  readonly tags: string | null;
}

export const shownAs = (body: string, tags: string | null): string => `${body} ${tags}`;

export class BucketModel {
  versioning: Versioning = 'never';
  /** Newest first. */
  readonly versions = new Map<string, ModelVersion[]>();
  readonly snapshots = new Map<string, Shown>();

  put(key: string, seq: number, body: string): void {
    this.#add(key, { id: this.#id(seq), marker: false, body, tags: null });
  }

  /** @param seq of the delete marker */
  delete(key: string, seq: number): void {
    if (this.versioning === 'never') this.versions.delete(key);
    else this.#add(key, { id: this.#id(seq), marker: true, body: '', tags: null });
  }

  deleteVersion(key: string, id: VersionId): void {
    this.versions.set(
      key,
      this.of(key).filter((version) => version.id !== id),
    );
  }

  tag(key: string, id: VersionId, tags: string): void {
    this.versions.set(
      key,
      this.of(key).map((version) => (version.id === id ? { ...version, tags } : version)),
    );
  }

  /** Of its latest version. */
  bodyOf(key: string): string {
    return this.of(key)[0]?.body ?? '';
  }

  setVersioning(versioning: ChosenVersioning): void {
    this.versioning = versioning;
  }

  of(key: string): readonly ModelVersion[] {
    return this.versions.get(key) ?? [];
  }

  shown(): Shown {
    const shown = new Map<string, string>();
    for (const key of [...this.versions.keys()].sort()) {
      const latest = this.of(key)[0];
      if (latest !== undefined && !latest.marker) shown.set(key, shownAs(latest.body, latest.tags));
    }
    return shown;
  }

  #id(seq: number): VersionId {
    return this.versioning === 'enabled' ? seq : 'null';
  }

  #add(key: string, made: ModelVersion): void {
    const older = this.of(key).filter(({ id }) => made.id !== 'null' || id !== 'null');
    this.versions.set(key, [made, ...(this.versioning === 'never' ? [] : older)]);
  }
}
