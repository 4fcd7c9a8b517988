/**
 * Reading uploads while they are written. A part is looked up and opened in one state of the catalog, in an epoch of its
 * own: a follower that waits for the next part keeps nothing from being deleted meanwhile.
 */

import type { EpochReader } from '../epochs.ts';
import { CatalogError } from '../errors.ts';
import type {
  OpenBytes,
  OpenComplete,
  OpenPart,
  Part,
  Upload,
  UploadName,
  UploadPrefix,
} from '../uploads.ts';
import type { Extent } from '../catalog.ts';
import { partStart } from './mutations/uploads/open-upload.ts';
import type { SqliteReader } from './reader.ts';
import { EXTENTS_WITH_VERSION } from './rows.ts';
import type { SharedSnapshot } from './shared-snapshot.ts';
import type { UploadReader } from './upload-reader.ts';

const PARTS_MAX = 10_000;

export interface LiveUploadsOptions {
  readonly reader: SqliteReader;
  readonly uploads: UploadReader;
  readonly snapshot: SharedSnapshot;
  readonly epochs: EpochReader;
}

export class LiveUploads {
  readonly #reader: SqliteReader;
  readonly #uploads: UploadReader;
  readonly #snapshot: SharedSnapshot;
  readonly #epochs: EpochReader;

  constructor({ reader, uploads, snapshot, epochs }: LiveUploadsOptions) {
    this.#reader = reader;
    this.#uploads = uploads;
    this.#snapshot = snapshot;
    this.#epochs = epochs;
  }

  readPrefix(name: UploadName): UploadPrefix | undefined {
    return this.#snapshot.read(() => {
      const upload = this.#uploads.findUpload(name);
      if (upload === undefined) return undefined;
      const version = this.#uploads.versionOf(upload);
      const gone = upload.state !== 'open' && version === undefined;
      const all = gone ? [] : this.#uploads.parts(upload.id, 0, partsOf(upload));
      const gap = all.findIndex((part, i) => part.number !== i + 1);
      const parts = gap === -1 ? all : all.slice(0, gap);
      const size = parts.reduce((sum, part) => sum + part.size, 0);
      return { upload, parts, size, gone, version: version ?? null };
    });
  }

  prefixSize(name: UploadName): number {
    return this.#snapshot.read(() => {
      const upload = this.#uploads.findUpload(name);
      return upload !== undefined && this.#hasBytes(upload) ? this.#size(upload) : 0;
    });
  }

  #size(upload: Upload): number {
    return this.#uploads.prefixSize(upload.id, partsOf(upload));
  }

  openPart(name: UploadName, number: number, offset: number): OpenPart | undefined {
    return this.#open((release) => {
      const found = this.#findPart(name, number, offset);
      if (found === undefined) return undefined;
      const { part } = found;
      return { part, ...this.#bytes(found, { part, name, offset }, release) };
    });
  }

  openComplete(name: UploadName): OpenComplete | undefined {
    return this.#open((release) => {
      const upload = this.#uploads.findUpload(name);
      if (upload?.state !== 'complete' || !this.#hasBytes(upload)) return undefined;
      const { id } = upload;
      return {
        size: this.#size(upload),
        extents: async (start, end) => this.#snapshot.read(() => this.#reader.extents(id, start, end)),
        parts: async (limit) => this.#snapshot.read(() => this.#uploads.parts(id, 0, limit)),
        release,
      };
    });
  }

  /** In an epoch, which is left when there is nothing to open. */
  #open<T>(find: (release: () => void) => T | undefined): T | undefined {
    const epoch = this.#epochs.enter();
    let released = false;
    const release = (): void => {
      if (!released) this.#epochs.leave(epoch);
      released = true;
    };
    let found: T | undefined;
    try {
      found = this.#snapshot.read(() => find(release));
    } finally {
      if (found === undefined) release();
    }
    return found;
  }

  #hasBytes(upload: Upload): boolean {
    return upload.state === 'open' || this.#uploads.versionOf(upload) !== undefined;
  }

  /** Where the part is now: `base` is its first byte's place in the manifest. */
  #findPart(name: UploadName, number: number, offset: number): { part: Part; base: number } | undefined {
    const upload = this.#uploads.findUpload(name);
    if (upload === undefined || !this.#hasBytes(upload) || number > partsOf(upload)) return undefined;
    const part = this.#uploads.part(upload.id, number);
    if (part === undefined) return undefined;
    if (upload.state === 'open') return { part, base: partStart(number) };
    // It may have been completed with other parts before this one than those that the caller has seen.
    return this.#uploads.sizeBefore(upload.id, number) === offset ? { part, base: offset } : undefined;
  }

  #bytes(
    found: { part: Part; base: number },
    { part, name, offset }: { part: Part; name: UploadName; offset: number },
    release: () => void,
  ): OpenBytes {
    const { upload } = name;
    const read = (base: number, start: number, end: number): Extent[] => {
      const extents = this.#reader.extents(upload, base + start, base + end);
      return extents.map((extent) => ({ ...extent, start: extent.start - base }));
    };
    if (part.extents <= EXTENTS_WITH_VERSION) {
      const all = part.size === 0 ? [] : read(found.base, 0, part.size);
      const overlap = (start: number, end: number): Extent[] =>
        all.filter((extent) => extent.start < end && extent.start + extent.length > start);
      return { extents: async (start, end) => overlap(start, end), release };
    }
    // A part that was copied from many pieces: looked up anew for each stretch, for it may be replaced or moved.
    const extents = async (start: number, end: number): Promise<Extent[]> =>
      this.#snapshot.read(() => {
        const now = this.#findPart(name, part.number, offset);
        if (now?.part.seq !== part.seq) throw new CatalogError('PartsChanged', 'The part was replaced');
        return read(now.base, start, end);
      });
    return { extents, release };
  }
}

/** An object that was appended to has more parts than its upload. */
function partsOf({ state, etag }: Upload): number {
  if (state !== 'complete' || etag === null) return PARTS_MAX;
  return Number(etag.slice(etag.lastIndexOf('-') + 1));
}
