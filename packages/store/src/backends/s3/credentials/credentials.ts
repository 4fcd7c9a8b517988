/** Keys for signing, where they come from, and when they are asked for again. */

import { isStoreError, StoreError } from '../../../errors.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** of temporary keys */
  readonly sessionToken?: string | undefined;
  /** when temporary keys end */
  readonly expiration?: Date | undefined;
}

/** Asked again before what it gave expires. `undefined`: it has none, and the next source is asked. */
export type CredentialProvider = () => Promise<S3Credentials | undefined>;

export type CredentialSource = S3Credentials | CredentialProvider | 'anonymous';

/** Keys are renewed so long before they expire: clocks differ, and requests take their time. */
const EARLY_MS = 5 * 60_000;
/** Keys that could not be renewed are used until this long before their end. */
const LATEST_MS = 10_000;

/** The present keys: at hand at once while they last. */
export class CredentialCache {
  readonly #provider: CredentialProvider | undefined;
  readonly #now: () => number;
  #current: S3Credentials | undefined;
  #renewAt = Infinity;
  #renewing: Promise<S3Credentials> | undefined;

  /** @param now milliseconds since the epoch */
  constructor(source: CredentialSource, now: () => number = Date.now) {
    this.#now = now;
    if (source === 'anonymous') return;
    if (typeof source === 'function') this.#provider = source;
    else {
      checkKeys(source);
      this.#current = source;
      // Given as they are: nobody can be asked for others.
    }
  }

  /** `null`: requests are not signed. `undefined`: `get` has to be awaited. */
  now(): S3Credentials | null | undefined {
    if (this.#provider === undefined) return this.#current ?? null;
    return this.#now() < this.#renewAt ? this.#current : undefined;
  }

  /** One renewal serves all who wait for it. @throws {StoreError} `Unauthenticated` */
  get(): Promise<S3Credentials> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** Keys that the service does not take: others are asked for next time. */
  reject(credentials: S3Credentials): void {
    if (this.#current === credentials && this.#provider !== undefined) this.#renewAt = 0;
  }

  async #renew(): Promise<S3Credentials> {
    try {
      const found = await this.#provider?.();
      if (found === undefined) throw noCredentials();
      checkKeys(found);
      this.#current = found;
      const end = found.expiration?.getTime() ?? Infinity;
      // Short-lived keys are renewed after half of their time.
      this.#renewAt = Math.max(end - EARLY_MS, this.#now() + (end - this.#now()) / 2);
      return found;
    } catch (error) {
      const old = this.#current;
      if (old?.expiration !== undefined && old.expiration.getTime() - LATEST_MS > this.#now()) return old;
      if (isStoreError(error)) throw error;
      throw new StoreError('Unauthenticated', `The credentials could not be had: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

function checkKeys({ accessKeyId, secretAccessKey }: S3Credentials): void {
  if (typeof accessKeyId === 'string' && accessKeyId !== '' && typeof secretAccessKey === 'string') return;
  throw new StoreError(
    'InvalidArgument',
    'Credentials are { accessKeyId, secretAccessKey } and maybe sessionToken',
    {
      operation: 'open',
    },
  );
}

function noCredentials(): StoreError {
  return new StoreError(
    'Unauthenticated',
    'There are no credentials: pass { accessKeyId, secretAccessKey } or "anonymous", or set AWS_ACCESS_KEY_ID and ' +
      'AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws',
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
