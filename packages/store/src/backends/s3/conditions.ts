/**
 * Whether the service decides conditions of writes. One that does not know `If-None-Match` on a put stores the object all the
 * same and says 200: it has to be found out before it is relied on.
 */

import { randomUUID } from 'node:crypto';
import { isStoreError, unsupported } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { RESERVED_PREFIX } from '../../keys.ts';
import type { CallOptions, PutMode } from '../../object-store.ts';
import type { S3Request } from './client.ts';
import type { S3Context } from './context.ts';
import type { HeaderPairs } from './object-headers.ts';

/** Answers of our own server say so. */
export const OUR_SERVER = 'Cistern';

export class Conditions {
  readonly #context: S3Context;
  #known: boolean | undefined;
  #looking: Promise<boolean> | undefined;

  /** @param given by whoever knows the service; `auto`: to be found out */
  constructor(context: S3Context, given: 'auto' | boolean) {
    this.#context = context;
    this.#known = given === 'auto' ? (context.client.isAws ? true : undefined) : given;
  }

  /** `true` also while it is not known: the first conditional write finds out. */
  get possible(): boolean {
    return this.#known !== false;
  }

  /** Whether copies take the conditions of writes, too: known services only. */
  get onCopies(): boolean {
    const { client } = this.#context;
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
    this.#known ??= await this.#look(options);
    if (this.#known) return;
    throw unsupported(
      this.#context.name,
      operation,
      'decide conditions of writes: the service ignores them',
      key,
    );
  }

  async #look(options: CallOptions): Promise<boolean> {
    this.#looking ??= this.#probe(options).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #probe({ signal }: CallOptions): Promise<boolean> {
    const { client } = this.#context;
    if ((await client.server({ signal })) === OUR_SERVER) return true;
    // An object of its own: nothing that is there may be written over.
    const object = `${RESERVED_PREFIX}probe-${randomUUID()}`;
    const request = { operation: 'put', method: 'PUT', object, signal } as const;
    await client.send(request);
    try {
      const conditions: HeaderPairs = [
        ['if-none-match', '*'],
        ['if-match', '"00000000000000000000000000000000"'],
      ];
      for (const condition of conditions) {
        if (!(await this.#isRefused({ ...request, headers: [condition] }))) return false;
      }
      return true;
    } finally {
      // Who may not delete leaves an empty object behind, in a place that nobody sees.
      await client.send({ operation: 'delete', method: 'DELETE', object }).catch(() => undefined);
    }
  }

  async #isRefused(request: S3Request): Promise<boolean> {
    try {
      await this.#context.client.send(request);
      return false;
    } catch (error) {
      if (isStoreError(error, 'PreconditionFailed')) return true;
      if (isStoreError(error, 'Unsupported') || isStoreError(error, 'InvalidArgument')) return false;
      throw error;
    }
  }
}
