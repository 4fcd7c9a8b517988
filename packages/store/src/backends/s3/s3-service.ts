/** The service above buckets: makes, lists and deletes them, and hands them out as stores. */

import { isValidBucketName } from '@cistern/protocol/client';
import type { BucketFeatures } from '../../bucket-features.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import type { CallOptions } from '../../object-store.ts';
import type { ListBucketsOptions, ListedBucket, Service } from '../../service.ts';
import type { Store } from '../../store.ts';
import { S3BucketFeatures } from './bucket-features.ts';
import type { Attempt } from './bucket-features.ts';
import { S3Client } from './client.ts';
import type { S3Request } from './client.ts';
import { childrenOf, childText, createBucketDocument, readDocument } from './documents.ts';
import { addressOf, awsEndpoint, checkBucket, parseEndpoint } from './settings.ts';
import type { S3Settings } from './settings.ts';

/** The region whose name is not said when a bucket is made. */
const FIRST_REGION = 'us-east-1';

export class S3Service implements Service {
  readonly #settings: Omit<S3Settings, 'bucket'>;
  readonly #client: S3Client;
  readonly #open: (bucket: string) => Store;
  readonly #attempt: Attempt;
  readonly #stores: Store[] = [];
  readonly #clients = new Map<string, S3Client>();
  #closed = false;

  /**
   * @param open makes a store of one bucket
   * @param attempt makes the attempts of requests that no store makes
   */
  constructor(settings: Omit<S3Settings, 'bucket'>, open: (bucket: string) => Store, attempt: Attempt) {
    this.#settings = settings;
    this.#client = new S3Client({ ...settings, bucket: undefined });
    this.#open = open;
    this.#attempt = attempt;
  }

  get endpoint(): string {
    return this.#client.origin;
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
    this.#checkOpen();
    const store = this.#open(name);
    this.#stores.push(store);
    return store;
  }

  features(name: string): BucketFeatures {
    this.#checkOpen();
    checkBucket(name);
    const client = this.#clients.get(name) ?? new S3Client({ ...this.#settings, bucket: name });
    this.#clients.set(name, client);
    return new S3BucketFeatures({
      bucket: name,
      client,
      attempt: this.#attempt,
      addressOf: (bucket) => this.#address(bucket),
      isOurs: this.#settings.uploads === 'native' ? true : undefined,
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [this.#client, ...this.#clients.values(), ...this.#stores];
    await Promise.all(all.map((one) => one.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    const { endpoint, region } = this.#settings;
    return `s3Service(${JSON.stringify(endpoint ?? awsEndpoint(region))})`;
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError('Closed', 'The service was closed', { operation: 'open' });
  }

  async #send(name: string, request: Pick<S3Request, 'method' | 'body' | 'signal'>): Promise<void> {
    const where = { ...this.#client.where, bucket: name };
    await this.#client.send({ ...request, operation: 'open', at: this.#address(name), where });
  }

  /** Named by its path, or by its host, as its objects will be. @throws {StoreError} `InvalidArgument` */
  #address(name: string): { host: string; path: string } {
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
    return { host, path: root };
  }
}
