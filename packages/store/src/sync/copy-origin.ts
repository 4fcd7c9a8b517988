/** Whether two stores are views of one, so that copies between them need not pass through this process. */

import type { CopyOptions, ObjectInfo, ObjectStore } from '../object-store.ts';
import { toStore } from '../store.ts';

/** The getter by which a layer says whose objects it shows, if it shows their bytes as they are: asked of what is copied. */
export const COPY_ORIGIN: unique symbol = Symbol.for('cistern.copyOrigin') as never;

export interface CopyOrigin {
  readonly store: ObjectStore;
  /** before each key of the layer, in `store` */
  readonly prefix: string;
}

/** The method by which a backend copies from another store of the same service, and a layer as it copies anything. */
export const COPY_FROM: unique symbol = Symbol.for('cistern.copyFrom') as never;

export interface CopiesFrom {
  /**
   * @param source a backend, or a layer that is no view
   * @returns `undefined` if it cannot copy from there without the bytes passing through this process
   */
  [COPY_FROM](source: ObjectStore): CopyBetween | undefined;
}

/** Copies a key of one store to a key of another, in the mode that is asked for. */
export type CopyBetween = (from: string, to: string, options: CopyOptions) => Promise<ObjectInfo>;

/** Where the objects of `store` are: in the store behind its layers, as far as these say so. */
export function copyOrigin(store: ObjectStore): CopyOrigin {
  return COPY_ORIGIN in store
    ? (store as unknown as { readonly [COPY_ORIGIN]: CopyOrigin })[COPY_ORIGIN]
    : { store, prefix: '' };
}

/** As `CopiesFrom`, of any store: of those that do not say, only one's own objects. */
export function copyFrom(to: ObjectStore, source: ObjectStore): CopyBetween | undefined {
  if (COPY_FROM in to) return (to as unknown as CopiesFrom)[COPY_FROM](source);
  if (to !== source || !to.capabilities.serverSideCopy) return undefined;
  return (a, b, options) => to.copy(a, b, options);
}

/** @returns a copy of keys of `from` to keys of `to` on the side of the store; `undefined` when there is none */
export function serverSideCopy(from: ObjectStore, to: ObjectStore): CopyBetween | undefined {
  // What says where objects are is within a `Store`.
  const { store, prefix } = copyOrigin(toStore(from).inner);
  const copy = copyFrom(toStore(to).inner, store);
  return copy === undefined ? undefined : (a, b, options) => copy(prefix + a, b, options);
}
