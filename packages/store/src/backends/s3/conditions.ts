/**
 * Whether the service decides conditions of writes. One that does not know `If-None-Match` on a put stores the object all the
 * same and says 200: it has to be found out before it is relied on.
 */

import { randomUUID } from 'node:crypto';
import { isStoreError, unsupported } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { RESERVED_PREFIX } from '../../keys.ts';
import type { CallOptions, PutMode } from '../../object-store.ts';
import type { S3Client, S3Request } from './client.ts';
import { childText, completeDocument, readDocument } from './documents.ts';
import { headerOf } from './errors.ts';
import { unquote } from './object-headers.ts';
import type { HeaderPairs } from './object-headers.ts';

/** Answers of our own server say so. */
export const OUR_SERVER = 'Cistern';

interface Known {
  /** decides conditions of puts */
  readonly puts: boolean;
  /** decides those of completed uploads, too */
  readonly completions: boolean;
}

const ALL: Known = { puts: true, completions: true };
const NONE: Known = { puts: false, completions: false };

/** Conditions that do not hold of an object that is there. */
const PROBES: HeaderPairs = [
  ['if-none-match', '*'],
  ['if-match', '"00000000000000000000000000000000"'],
];

export class Conditions {
  readonly #client: S3Client;
  readonly #name: { toString(): string };
  #known: Known | undefined;
  #looking: Promise<Known> | undefined;

  /**
   * @param name the store, for messages
   * @param given by whoever knows the service; `auto`: to be found out
   */
  constructor(client: S3Client, name: { toString(): string }, given: 'auto' | boolean) {
    this.#client = client;
    this.#name = name;
    if (given === 'auto') this.#known = client.isAws ? ALL : undefined;
    else this.#known = given ? ALL : NONE;
  }

  /** `true` also while it is not known: the first conditional write finds out. */
  get possible(): boolean {
    return this.#known?.puts !== false;
  }

  /** Whether copies take the conditions of writes, too: known services only. */
  get onCopies(): boolean {
    const client = this.#client;
    return client.isAws || client.seenServer === OUR_SERVER;
  }

  /** @throws {StoreError} `Unsupported` */
  async require(
    mode: PutMode | undefined,
    operation: StoreOperation,
    key: string | undefined,
    options: CallOptions,
  ): Promise<void> {
    if (mode === undefined || mode === 'overwrite') return;
    if ((await this.#find(options)).puts) return;
    throw unsupported(this.#name, operation, 'decide conditions of writes: the service ignores them', key);
  }

  /** The same of what is made of parts. @throws {StoreError} `Unsupported` */
  async requireOfParts(
    mode: PutMode | undefined,
    operation: StoreOperation,
    key: string,
    options: CallOptions,
  ): Promise<void> {
    if (mode === undefined || mode === 'overwrite') return;
    if ((await this.#find(options)).completions) return;
    const what = 'decide conditions of writes of several parts: the service ignores them';
    throw unsupported(this.#name, operation, what, key);
  }

  async #find(options: CallOptions): Promise<Known> {
    if (this.#known !== undefined) return this.#known;
    this.#looking ??= this.#probe(options).finally(() => {
      this.#looking = undefined;
    });
    this.#known = await this.#looking;
    return this.#known;
  }

  async #probe({ signal }: CallOptions): Promise<Known> {
    const client = this.#client;
    if ((await client.server({ signal })) === OUR_SERVER) return ALL;
    // An object of its own: nothing that is there may be written over.
    const object = `${RESERVED_PREFIX}probe-${randomUUID()}`;
    const request = { operation: 'put', method: 'PUT', object, signal } as const;
    await client.send(request);
    try {
      for (const condition of PROBES) {
        if (!(await this.#isRefused({ ...request, headers: [condition] }))) return NONE;
      }
      return { puts: true, completions: await this.#completesHonestly(object, signal) };
    } finally {
      // Who may not delete leaves an empty object behind, in a place that nobody sees.
      await client.send({ operation: 'delete', method: 'DELETE', object }).catch(() => undefined);
    }
  }

  async #completesHonestly(object: string, signal: AbortSignal | undefined): Promise<boolean> {
    const client = this.#client;
    const doing = { operation: 'put', object, signal } as const;
    const begun = await client.send({ ...doing, method: 'POST', query: 'uploads=' });
    const id = childText(readDocument(begun, 'InitiateMultipartUploadResult', doing), 'UploadId') ?? '';
    const upload = `uploadId=${encodeURIComponent(id)}`;
    try {
      const part = await client.send({ ...doing, method: 'PUT', query: `partNumber=1&${upload}` });
      const body = completeDocument([{ number: 1, etag: unquote(headerOf(part.headers, 'etag') ?? '') }]);
      for (const condition of PROBES) {
        const completion = { ...doing, method: 'POST', query: upload, headers: [condition], body } as const;
        if (!(await this.#isRefused({ ...completion, headers: [condition] }))) return false;
      }
      return true;
    } finally {
      await client.send({ operation: 'put', method: 'DELETE', object, query: upload }).catch(() => undefined);
    }
  }

  async #isRefused(request: S3Request): Promise<boolean> {
    try {
      await this.#client.send(request);
      return false;
    } catch (error) {
      if (isStoreError(error, 'PreconditionFailed')) return true;
      if (isStoreError(error, 'Unsupported') || isStoreError(error, 'InvalidArgument')) return false;
      throw error;
    }
  }
}
