/** A storage account: its containers, each of which is a store. They share the account's connections. */

import type { BucketFeatures } from '../../bucket-features.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import { compareKeys } from '../../keys.ts';
import type { CallOptions } from '../../object-store.ts';
import type { ListBucketsOptions, ListedBucket, Service } from '../../service.ts';
import type { Store } from '../../store.ts';
import { AzureBucketFeatures } from './bucket-features.ts';
import type { Attempt } from './bucket-features.ts';
import type { AzureClient, AzureRequest } from './client.ts';
import { elements, textOf } from './xml.ts';

export class AzureService implements Service {
  readonly #client: AzureClient;
  readonly #open: (container: string) => Store;
  readonly #attempt: Attempt;

  /**
   * @param open makes a store of one container, which leaves the client's connections to this
   * @param attempt makes the attempts of requests that no store makes
   */
  constructor(client: AzureClient, open: (container: string) => Store, attempt: Attempt) {
    this.#client = client;
    this.#open = open;
    this.#attempt = attempt;
  }

  get endpoint(): string {
    return this.#client.origin;
  }

  async createBucket(name: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#client.call(container('PUT', name, signal));
  }

  async bucketExists(name: string, { signal }: CallOptions = {}): Promise<boolean> {
    try {
      await this.#client.call(container('HEAD', name, signal));
      return true;
    } catch (error) {
      if (isStoreError(error, 'NotFound')) return false;
      throw error;
    }
  }

  async *listBuckets({ prefix, signal }: ListBucketsOptions = {}): AsyncGenerator<ListedBucket> {
    let marker: string | undefined;
    do {
      const xml: string = await this.#client.text({
        method: 'GET',
        query: { comp: 'list', prefix: prefix === '' ? undefined : prefix, marker },
        operation: 'list',
        signal,
      });
      const names: string[] = [];
      for (const { content } of elements(xml, ['Container'])) names.push(textOf(content, 'Name') ?? '');
      // The service does not say when they were made.
      for (const name of names.sort(compareKeys)) yield { name };
      marker = textOf(xml, 'NextMarker') || undefined;
    } while (marker !== undefined);
  }

  /**
   * The service deletes a container with all that is in it; here one with objects is refused, as elsewhere. The two are not
   * one step: what is written between them is deleted. The name can be used again after some thirty seconds.
   */
  async deleteBucket(name: string, { signal }: CallOptions = {}): Promise<void> {
    for await (const { type } of this.bucket(name).list({ signal })) {
      throw new StoreError('Conflict', `The container ${name} has ${type}s: delete them first`, {
        operation: 'delete',
      });
    }
    await this.#client.call(container('DELETE', name, signal));
  }

  bucket(name: string): Store {
    checkContainerName(name);
    return this.#open(name);
  }

  features(name: string): BucketFeatures {
    checkContainerName(name);
    return new AzureBucketFeatures(
      { client: this.#client, container: name, pageSize: undefined },
      this.#attempt,
    );
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `azureService(${JSON.stringify(this.#client.name)})`;
  }
}

/** @throws {StoreError} `InvalidArgument` */
export function checkContainerName(name: string): void {
  if (/^(?:\$[a-z]+|(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*)$/.test(name)) return;
  throw new StoreError(
    'InvalidArgument',
    `A container's name has 3 to 63 lower-case letters, digits and single hyphens; ${JSON.stringify(name)} is none`,
    { operation: 'open' },
  );
}

function container(
  method: 'PUT' | 'HEAD' | 'DELETE',
  name: string,
  signal: AbortSignal | undefined,
): AzureRequest {
  checkContainerName(name);
  return { method, container: name, query: { restype: 'container' }, operation: 'open', signal };
}
