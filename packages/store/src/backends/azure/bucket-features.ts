/** What a container has beyond blobs: versions, where the account keeps them, and tags. Azure has the rest for whole accounts, or not. */

import type {
  BucketFeatures,
  DeletedVersion,
  ListedVersion,
  ListVersionsOptions,
  Snapshot,
  TagOptions,
  Tags,
  VersionName,
  Versioning,
} from '../../bucket-features.ts';
import { isStoreError, StoreError, throwIfAborted } from '../../errors.ts';
import { compareKeys, RESERVED_PREFIX } from '../../keys.ts';
import type { CallOptions } from '../../object-store.ts';
import type { AzureRequest } from './client.ts';
import { deleteEach } from './delete.ts';
import { isAnswer } from './errors.ts';
import { listPages } from './listing.ts';
import type { Listing } from './listing.ts';
import { checkBlobName } from './names.ts';
import { inKeyOrder } from './order.ts';
import { elements, escapeXml, textOf } from './xml.ts';

/** Makes the attempts of a request. */
export type Attempt = <T>(
  doing: CallOptions & Pick<AzureRequest, 'operation' | 'key'>,
  act: () => Promise<T>,
) => Promise<T>;

interface Key {
  readonly key: string;
  readonly versions: ListedVersion[];
}

export class AzureBucketFeatures implements BucketFeatures {
  readonly #listing: Listing;
  readonly #attempt: Attempt;

  constructor(listing: Listing, attempt: Attempt) {
    this.#listing = listing;
    this.#attempt = attempt;
  }

  async *listVersions(options: ListVersionsOptions = {}): AsyncGenerator<ListedVersion> {
    const { prefix = '', startAfter, reserved = false, signal } = options;
    if (!prefix.isWellFormed()) return;
    const keys = inKeyOrder(this.#eachKey(options), (one) => one.key, prefix.length);
    for await (const { key, versions } of keys) {
      throwIfAborted(signal, 'list');
      if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue;
      if (!reserved && key.startsWith(RESERVED_PREFIX)) continue;
      yield* versions;
    }
  }

  deleteVersions(
    versions: Iterable<VersionName> | AsyncIterable<VersionName>,
    { signal }: CallOptions = {},
  ): AsyncIterable<DeletedVersion> {
    return deleteEach(versions, (version) => this.#deleteVersion(version, signal), signal);
  }

  versioning(): Promise<Versioning> {
    return this.#refuse('tell whether versions are kept: that is set for the whole account, in the portal');
  }

  setVersioning(): Promise<void> {
    return this.#refuse('turn versions on or off: that is set for the whole account, in the portal');
  }

  async tags(key: string, { version, signal }: TagOptions = {}): Promise<Tags> {
    checkBlobName(key, 'get');
    const request = { ...this.#tagging('GET', key, version), operation: 'get', signal } as const;
    const xml = await this.#attempt(request, () => this.#listing.client.text(request));
    if (!xml.trimEnd().endsWith('</Tags>') && !/<Tags\s*\/>\s*$/.test(xml)) {
      throw new StoreError('Unexpected', 'Azure answered with something that is no list of tags', request);
    }
    const tags = Object.create(null) as Record<string, string>;
    for (const { content } of elements(xml, ['Tag'])) {
      tags[textOf(content, 'Key') ?? ''] = textOf(content, 'Value') ?? '';
    }
    return tags;
  }

  async setTags(key: string, tags: Tags, { version, signal }: TagOptions = {}): Promise<void> {
    checkBlobName(key, 'put');
    const listed = Object.entries(tags).map(
      ([name, value]) => `<Tag><Key>${escapeXml(name)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
    );
    const xml = `<?xml version="1.0" encoding="utf-8"?><Tags><TagSet>${listed.join('')}</TagSet></Tags>`;
    const request = {
      ...this.#tagging('PUT', key, version),
      headers: { 'content-type': 'application/xml; charset=UTF-8' },
      body: Buffer.from(xml),
      operation: 'put',
      signal,
    } as const;
    await this.#attempt(request, () => this.#listing.client.call(request));
  }

  bucketTags(): Promise<Tags> {
    return this.#refuse('have tags: only its blobs can');
  }

  setBucketTags(): Promise<void> {
    return this.#refuse('have tags: only its blobs can');
  }

  createSnapshot(): Promise<Snapshot> {
    return this.#refuse('make snapshots of itself');
  }

  listSnapshots(): Promise<readonly Snapshot[]> {
    return this.#refuse('have snapshots');
  }

  deleteSnapshot(): Promise<void> {
    return this.#refuse('have snapshots');
  }

  fork(): Promise<void> {
    return this.#refuse('be forked');
  }

  #refuse(what: string): Promise<never> {
    const message = `The container ${this.#listing.container} of Azure cannot ${what}`;
    return Promise.reject(new StoreError('Unsupported', message, { operation: 'open' }));
  }

  #tagging(method: 'GET' | 'PUT', blob: string, versionid: string | undefined) {
    const { container } = this.#listing;
    return { method, container, blob, key: blob, query: { comp: 'tags', versionid } };
  }

  /** The versions of a key are held together: the service gives the oldest first. */
  async *#eachKey({ prefix = '', signal }: ListVersionsOptions): AsyncGenerator<Key> {
    const query = { prefix: prefix === '' ? undefined : prefix, include: 'versions' };
    let held: Key | undefined;
    for await (const xml of listPages(this.#listing, query, signal)) {
      for (const { content } of elements(xml, ['Blob'])) {
        const version = toVersion(content);
        if (held?.key !== version.key) {
          if (held !== undefined) yield newestFirst(held);
          held = { key: version.key, versions: [] };
        }
        held.versions.push(version);
      }
    }
    if (held !== undefined) yield newestFirst(held);
  }

  async #deleteVersion(name: VersionName, signal: AbortSignal | undefined): Promise<DeletedVersion> {
    const { key, version } = name;
    const { client, container } = this.#listing;
    const remove = async (versionid: string | undefined): Promise<void> => {
      const doing = { operation: 'delete', key, signal } as const;
      const request = { ...doing, method: 'DELETE', container, blob: key, query: { versionid } } as const;
      try {
        await this.#attempt(doing, () => client.call(request));
      } catch (error) {
        if (!isAnswer(error, 'BlobNotFound')) throw error;
      }
    };
    try {
      if (!key.startsWith(RESERVED_PREFIX)) checkBlobName(key, 'delete');
      try {
        await remove(version === NO_VERSION ? undefined : version);
      } catch (error) {
        // The current one is deleted without its name first, which makes it a version like others.
        if (!isAnswer(error, 'OperationNotAllowedOnRootBlob')) throw error;
        await remove(undefined);
        await remove(version);
      }
      return { key, version };
    } catch (error) {
      if (isAnswer(error) || isStoreError(error, 'InvalidKey')) return { key, version, error };
      throw error;
    }
  }
}

/** As S3 has it, of accounts that keep none. */
const NO_VERSION = 'null';

function toVersion(content: string): ListedVersion {
  const key = textOf(content, 'Name');
  const size = Number(textOf(content, 'Content-Length'));
  if (key === undefined || !Number.isSafeInteger(size)) {
    const message = 'A listing of Azure has a blob without name or size';
    throw new StoreError('Unexpected', message, { operation: 'list' });
  }
  const version = textOf(content, 'VersionId') || undefined;
  return {
    key,
    version: version ?? NO_VERSION,
    isLatest: version === undefined || textOf(content, 'IsCurrentVersion') === 'true',
    isDeleteMarker: false,
    size,
    etag: textOf(content, 'Etag')?.replaceAll('"', ''),
    lastModified: new Date(textOf(content, 'Last-Modified') ?? Number.NaN),
  };
}

/** Versions are named by the time of their making. */
function newestFirst({ key, versions }: Key): Key {
  const order = (a: ListedVersion, b: ListedVersion): number =>
    Number(b.isLatest) - Number(a.isLatest) || (a.version < b.version ? 1 : -1);
  return { key, versions: versions.toSorted(order) };
}
