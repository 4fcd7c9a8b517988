/** What an S3 bucket has beyond objects: S3's own requests for versions and tags, and our server's for snapshots. */

import { encodeQueryComponent, snapshotBucketName } from '@cistern/protocol/client';
import type { XmlElement } from '@cistern/protocol/client';
import { hash } from 'node:crypto';
import type {
  BucketFeatures,
  DeletedVersion,
  ForkOptions,
  ListedVersion,
  ListVersionsOptions,
  Snapshot,
  TagOptions,
  Tags,
  VersionName,
  Versioning,
} from '../../bucket-features.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import type { CallOptions } from '../../object-store.ts';
import type { S3Client, S3Request } from './client.ts';
import { OUR_SERVER } from './conditions.ts';
import { deleteVersions } from './delete.ts';
import type { Sender } from './delete.ts';
import {
  canBeWritten,
  childrenOf,
  childText,
  readDocument,
  taggingDocument,
  versioningDocument,
} from './documents.ts';
import { S3ResponseError } from './errors.ts';
import type { Doing } from './errors.ts';
import type { HttpAnswer } from './exchange.ts';
import { listVersions } from './list-versions.ts';

export interface S3FeaturesOptions {
  readonly bucket: string;
  /** of the bucket */
  readonly client: S3Client;
  /** makes the attempts of a request that may be made again */
  readonly attempt: Attempt;
  /** where another bucket of the service is */
  readonly addressOf: (bucket: string) => NonNullable<S3Request['at']>;
  /** whether it is our server, which is asked when this is undefined */
  readonly isOurs: boolean | undefined;
}

export type Attempt = <T>(doing: Doing & CallOptions, act: () => Promise<T>) => Promise<T>;

export class S3BucketFeatures implements BucketFeatures {
  readonly #options: S3FeaturesOptions;
  readonly #sender: Sender;

  constructor(options: S3FeaturesOptions) {
    this.#options = options;
    const { client, attempt } = options;
    this.#sender = {
      get where() {
        return client.where;
      },
      send: (request, accept) => attempt(request, () => client.send(request, accept)),
    };
  }

  async *listVersions(options: ListVersionsOptions = {}): AsyncGenerator<ListedVersion> {
    yield* listVersions(this.#sender, options);
  }

  async *deleteVersions(
    versions: Iterable<VersionName> | AsyncIterable<VersionName>,
    options: CallOptions = {},
  ): AsyncGenerator<DeletedVersion> {
    yield* deleteVersions(this.#sender, versions, options);
  }

  async versioning({ signal }: CallOptions = {}): Promise<Versioning> {
    const doing = { operation: 'open' } as const;
    const answer = await this.#sender.send({ ...doing, method: 'GET', query: 'versioning=', signal });
    const status = childText(readFeature(answer, 'VersioningConfiguration', doing, 'versions'), 'Status');
    return status === 'Enabled' ? 'enabled' : status === 'Suspended' ? 'suspended' : 'off';
  }

  async setVersioning(state: 'enabled' | 'suspended', options: CallOptions = {}): Promise<void> {
    // A service that knows no versions might take the request for another one.
    await this.versioning(options);
    const body = versioningDocument(state === 'enabled' ? 'Enabled' : 'Suspended');
    await this.#put({ operation: 'open', method: 'PUT', query: 'versioning=', body, ...options });
  }

  async tags(key: string, { version, signal }: TagOptions = {}): Promise<Tags> {
    const doing = { operation: 'get', key } as const;
    const query = taggingQuery(version);
    return readTags(await this.#sender.send({ ...doing, method: 'GET', object: key, query, signal }), doing);
  }

  async setTags(key: string, tags: Tags, { version, signal }: TagOptions = {}): Promise<void> {
    const request = { operation: 'put', key, object: key, query: taggingQuery(version), signal } as const;
    await this.#setTags(request, tags, { version, signal });
  }

  async bucketTags({ signal }: CallOptions = {}): Promise<Tags> {
    const doing = { operation: 'open' } as const;
    try {
      return readTags(await this.#sender.send({ ...doing, method: 'GET', query: 'tagging=', signal }), doing);
    } catch (error) {
      if (codeOf(error) === 'NoSuchTagSet') return {};
      throw error;
    }
  }

  async setBucketTags(tags: Tags, { signal }: CallOptions = {}): Promise<void> {
    await this.#setTags({ operation: 'open', query: 'tagging=', signal }, tags, { signal });
  }

  async createSnapshot(name: string, { signal }: CallOptions = {}): Promise<Snapshot> {
    await this.#requireOurs('make snapshots', signal);
    const doing = { operation: 'open' } as const;
    const answer = await this.#options.client.send({
      ...doing,
      method: 'PUT',
      query: snapshotQuery(name),
      signal,
    });
    return readSnapshot(readDocument(answer, 'CreateSnapshotResult', doing));
  }

  async listSnapshots({ signal }: CallOptions = {}): Promise<readonly Snapshot[]> {
    await this.#requireOurs('have snapshots', signal);
    const doing = { operation: 'list' } as const;
    const answer = await this.#sender.send({ ...doing, method: 'GET', query: 'cistern-snapshots=', signal });
    return childrenOf(readDocument(answer, 'ListSnapshotsResult', doing), 'Snapshot').map(readSnapshot);
  }

  async deleteSnapshot(name: string, { signal }: CallOptions = {}): Promise<void> {
    // Any other service would delete the bucket.
    await this.#requireOurs('have snapshots', signal);
    const query = snapshotQuery(name);
    await this.#options.client.send({ operation: 'delete', method: 'DELETE', query, signal });
  }

  async fork(bucket: string, { snapshot, at, signal }: ForkOptions = {}): Promise<void> {
    await this.#requireOurs('be forked', signal);
    if (snapshot !== undefined && at !== undefined) {
      const message = 'A snapshot is of one point in time: fork it, or the bucket at another time';
      throw new StoreError('InvalidArgument', message, { operation: 'open' });
    }
    const own = this.#options.bucket;
    const source = snapshot === undefined ? own : snapshotBucketName(own, snapshot);
    const headers: [string, string][] = [['x-cistern-fork-source', source]];
    if (at !== undefined) headers.push(['x-cistern-fork-time', at.toISOString()]);
    const doing = { operation: 'open' } as const;
    const answer = await this.#options.client.send({
      ...doing,
      method: 'PUT',
      at: this.#options.addressOf(bucket),
      query: 'cistern-fork=',
      headers,
      signal,
    });
    // It comes with status 200 when it takes long, and the outcome is in it.
    readDocument(answer, 'ForkBucketResult', doing);
  }

  toString(): string {
    return this.#options.bucket;
  }

  async #setTags(
    request: Omit<S3Request, 'method' | 'body'>,
    tags: Tags,
    { version, signal }: TagOptions,
  ): Promise<void> {
    const { key } = request;
    const odd = Object.entries(tags)
      .flat()
      .find((text) => !canBeWritten(text));
    if (odd !== undefined) {
      const message = `${JSON.stringify(odd)} has characters that no tag can have`;
      throw new StoreError('InvalidArgument', message, { operation: 'put', key });
    }
    // A service without tags would take the document for an object, or what deletes tags for what deletes all.
    if (key === undefined) await this.bucketTags({ signal });
    else await this.tags(key, { version, signal });
    if (Object.keys(tags).length === 0) await this.#sender.send({ ...request, method: 'DELETE' });
    else await this.#put({ ...request, method: 'PUT', body: taggingDocument(tags) });
  }

  async #put(request: S3Request & { readonly body: Uint8Array }): Promise<void> {
    const headers: [string, string][] = [['content-md5', hash('md5', request.body, 'base64')]];
    await this.#sender.send({ ...request, headers });
  }

  async #requireOurs(what: string, signal: AbortSignal | undefined): Promise<void> {
    const { client, isOurs, bucket } = this.#options;
    if (isOurs ?? (await client.server({ signal })) === OUR_SERVER) return;
    const message = `${client.origin} is no Cistern: ${bucket} cannot ${what} there`;
    throw new StoreError('Unsupported', message, { operation: 'open' });
  }
}

function taggingQuery(version: string | undefined): string {
  return version === undefined ? 'tagging=' : `tagging=&versionId=${encodeQueryComponent(version)}`;
}

function snapshotQuery(name: string): string {
  return `cistern-snapshot=${encodeQueryComponent(name)}`;
}

function codeOf(error: unknown): unknown {
  return isStoreError(error) ? (error.cause as { code?: unknown } | undefined)?.code : undefined;
}

/** A service that knows less than S3 answers another request than was made. */
function readFeature(answer: HttpAnswer, root: string, doing: Doing, feature: string): XmlElement {
  try {
    return readDocument(answer, root, doing);
  } catch (error) {
    // What is no refusal is another document, or none.
    if (isStoreError(error) && error.cause instanceof S3ResponseError) throw error;
    throw new StoreError('Unsupported', `The service does not know ${feature}`, { ...doing, cause: error });
  }
}

function readTags(answer: HttpAnswer, doing: Doing): Tags {
  const document = readFeature(answer, 'Tagging', doing, 'tags');
  // Without a prototype: `__proto__` is a name like any other.
  const tags = Object.create(null) as Record<string, string>;
  for (const element of childrenOf(document, 'TagSet').flatMap((set) => childrenOf(set, 'Tag'))) {
    tags[childText(element, 'Key') ?? ''] = childText(element, 'Value') ?? '';
  }
  return tags;
}

function readSnapshot(element: XmlElement): Snapshot {
  return {
    name: childText(element, 'Name') ?? '',
    createdAt: new Date(childText(element, 'CreationDate') ?? ''),
    bucket: childText(element, 'ReadAs') ?? '',
  };
}
