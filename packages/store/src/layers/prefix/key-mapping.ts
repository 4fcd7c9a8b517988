/** Keys of a store below a prefix, as its users see them and as the store behind has them; also within infos and errors. */

import { isStoreError, StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { checkKey } from '../../keys.ts';
import type { ObjectInfo } from '../../object-store.ts';
import type { CallerErrors } from '../caller-errors.ts';

export class KeyMapping {
  readonly prefix: string;

  /** @throws {StoreError} `InvalidArgument` for what no key can begin with */
  constructor(prefix: string) {
    if (typeof prefix !== 'string' || !prefix.isWellFormed() || prefix.includes('\0')) {
      throw new StoreError(
        'InvalidArgument',
        `A prefix is well-formed text without NUL, not ${JSON.stringify(prefix)}`,
      );
    }
    this.prefix = prefix;
  }

  /**
   * The key of the store behind. It is checked before: a key that is none must not become one by what stands before it.
   *
   * @param bytesMax of a key without the prefix
   */
  in(key: string, operation: StoreOperation, bytesMax: number): string {
    checkKey(key, operation, bytesMax);
    return this.prefix + key;
  }

  out(key: string): string {
    return key.slice(this.prefix.length);
  }

  info(info: ObjectInfo): ObjectInfo {
    return { ...info, key: this.out(info.key) };
  }

  /** A StoreError with the key that the caller knows; anything else as it is. */
  error(error: unknown, callers?: CallerErrors): unknown {
    if (!isStoreError(error) || callers?.has(error) === true) return error;
    if (error.key?.startsWith(this.prefix) !== true) return error;
    return new StoreError(error.code, error.message, {
      operation: error.operation,
      key: this.out(error.key),
      cause: error,
      retry: error.retry,
      retryAfterMs: error.retryAfterMs,
      bytesNeeded: error.bytesNeeded,
      where: error.where,
    });
  }

  /** What `act` gives, its errors with the caller's keys. */
  async call<T>(act: () => Promise<T>, callers?: CallerErrors): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw this.error(error, callers);
    }
  }

  /** The same items, their errors with the caller's keys. */
  each<T>(items: AsyncIterable<T>): AsyncIterable<T> {
    return {
      [Symbol.asyncIterator]: () => {
        const iterator = items[Symbol.asyncIterator]();
        return {
          next: () => this.call(() => iterator.next()),
          return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
        };
      },
    };
  }
}
