/** The service above buckets: makes, lists and deletes them, and hands them out as stores. */

import { isValidBucketName } from '@cistern/protocol/client';
import { isStoreError, StoreError } from '../../errors.ts';
import type { CallOptions } from '../../object-store.ts';
import type { ListBucketsOptions, ListedBucket, Service } from '../../service.ts';
import type { Store } from '../../store.ts';
import { S3Client } from './client.ts';
import type { S3Request } from './client.ts';
import { childrenOf, childText, createBucketDocument, readDocument } from './documents.ts';
import { addressOf, awsEndpoint, parseEndpoint } from './settings.ts';
import type { S3Settings } from './settings.ts';

/** The region whose name is not said when a bucket is made. */
const FIRST_REGION = 'us-east-1';

export class S3Service implements Service {
  readonly #settings: Omit<S3Settings, 'bucket'>;
  readonly #client: S3Client;
  readonly #open: (bucket: string) => Store;
  readonly #stores: Store[] = [];
  #closed = false;

  /** @param open makes a store of one bucket */
  constructor(settings: Omit<S3Settings, 'bucket'>, open: (bucket: string) => Store) {
    this.#settings = settings;
    this.#client = new S3Client({ ...settings, bucket: undefined });
    this.#open = open;
  }

  async createBucket(name: string, { signal }: CallOptions = {}): Promise<void> {
    const { region } = this.#client;
    // Our own server and others have one region, which they need not be told; AWS insists on it.
    const body = this.#client.isAws && region !== FIRST_REGION ? createBucketDocument(region) : undefined;
    await this.#send(name, { method: 'PUT', body, signal });
  }

  async bucketExists(name: string, { signal }: CallOptions = {}): Promise<boolean> {
    try {
      await this.#send(name, { method: 'HEAD', signal });
      return true;
    } catch (error) {
      if (isStoreError(error, 'NotFound')) return false;
      throw error;
    }
  }

  async *listBuckets({ prefix = '', signal }: ListBucketsOptions = {}): AsyncGenerator<ListedBucket> {
    const doing = { operation: 'list' } as const;
    // Filtered here as well: not every service knows the parameter.
    const base = prefix === '' ? '' : `prefix=${encodeURIComponent(prefix)}`;
    for (let query: string | undefined = base; query !== undefined;) {
      const answer = await this.#client.send({ ...doing, method: 'GET', query: query || undefined, signal });
      const document = readDocument(answer, 'ListAllMyBucketsResult', doing);
      for (const element of childrenOf(document, 'Buckets').flatMap((list) => childrenOf(list, 'Bucket'))) {
        const name = childText(element, 'Name') ?? '';
        const createdAt = new Date(childText(element, 'CreationDate') ?? '');
        if (!name.startsWith(prefix)) continue;
        yield { name, createdAt: Number.isNaN(createdAt.getTime()) ? undefined : createdAt };
      }
      const token = childText(document, 'ContinuationToken');
      query =
        token === undefined || token === ''
          ? undefined
          : `${base === '' ? '' : `${base}&`}continuation-token=${encodeURIComponent(token)}`;
    }
  }

  async deleteBucket(name: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#send(name, { method: 'DELETE', signal });
  }

  bucket(name: string): Store {
    if (this.#closed) throw new StoreError('Closed', 'The service was closed', { operation: 'open' });
    const store = this.#open(name);
    this.#stores.push(store);
    return store;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#client.close(), ...this.#stores.map((store) => store.close())]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    const { endpoint, region } = this.#settings;
    return `s3Service(${JSON.stringify(endpoint ?? awsEndpoint(region))})`;
  }

  /** Named by its path, or by its host, as its objects will be. */
  async #send(name: string, request: Pick<S3Request, 'method' | 'body' | 'signal'>): Promise<void> {
    if (!isValidBucketName(name)) {
      throw new StoreError(
        'InvalidArgument',
        `A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens; ${JSON.stringify(name)} is none`,
        { operation: 'open' },
      );
    }
    const { endpoint, addressing } = this.#settings;
    const url = parseEndpoint(endpoint ?? awsEndpoint(this.#client.region));
    const { host, root } = addressOf(url, name, addressing);
    const where = { ...this.#client.where, bucket: name };
    await this.#client.send({ ...request, operation: 'open', at: { host, path: root }, where });
  }
}
