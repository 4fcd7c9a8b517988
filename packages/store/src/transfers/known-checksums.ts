/** What a store knows of an object's bytes without reading them: what a copy of them is compared with. */

import type { GetOptions, ObjectInfo, ObjectStore } from '../object-store.ts';
import { toStore } from '../store.ts';

/** The method of a store that keeps checksums of whole objects. */
export const CHECKSUMS: unique symbol = Symbol.for('cistern.checksums') as never;

/** An object's info with the sums of all of its bytes that the store vouches for. */
export interface KnownChecksums {
  readonly info: ObjectInfo;
  /** in Base64, as S3 has it */
  readonly crc32?: string | undefined;
  /** in hexadecimal */
  readonly md5?: string | undefined;
}

export type ChecksumsOptions = Pick<GetOptions, 'ifMatch' | 'version' | 'signal'>;

export interface KeepsChecksums {
  /** In place of a `head`, at the same cost. */
  readonly [CHECKSUMS]: ((key: string, options: ChecksumsOptions) => Promise<KnownChecksums>) | undefined;
}

/** The method of `store`, if it has it. For layers, which forward that of the store behind them. */
export function checksumsOf(store: ObjectStore): KeepsChecksums[typeof CHECKSUMS] {
  const inner: ObjectStore & Partial<KeepsChecksums> = toStore(store).inner;
  return inner[CHECKSUMS]?.bind(inner);
}

/** Of any store: the info alone where it keeps none. @throws {StoreError} as a `head` */
export async function knownChecksums(
  store: ObjectStore,
  key: string,
  options: ChecksumsOptions = {},
): Promise<KnownChecksums> {
  const own = checksumsOf(store);
  if (own !== undefined) return own(key, options);
  const { info } = await toStore(store).inner.get(key, { ...options, head: true });
  return { info };
}
