/** Whether two stores are views of one, so that copies between them need not pass through this process. */

import type { CopyOptions, ObjectInfo, ObjectStore } from '../object-store.ts';

/** The getter by which a layer says whose objects it shows, if it shows their bytes as they are. */
export const COPY_ORIGIN: unique symbol = Symbol.for('cistern.copyOrigin') as never;

/** The method by which a backend copies from another store of the same service. */
export const COPY_FROM: unique symbol = Symbol.for('cistern.copyFrom') as never;

export interface CopyOrigin {
  readonly store: ObjectStore;
  /** before each key of the layer, in `store` */
  readonly prefix: string;
}

export type CopyBetween = (from: string, to: string, options: CopyOptions) => Promise<ObjectInfo>;

export interface CopiesFrom {
  /** @returns `undefined` if it cannot copy from there */
  [COPY_FROM](source: ObjectStore): CopyBetween | undefined;
}

/** Where the objects of `store` are: in the store behind its layers, as far as these say so. */
export function copyOrigin(store: ObjectStore): CopyOrigin {
  return COPY_ORIGIN in store
    ? (store as unknown as { readonly [COPY_ORIGIN]: CopyOrigin })[COPY_ORIGIN]
    : { store, prefix: '' };
}

/** @returns a copy of keys of `from` to keys of `to` on the side of the store; `undefined` when there is none */
export function serverSideCopy(from: ObjectStore, to: ObjectStore): CopyBetween | undefined {
  const source = copyOrigin(from);
  const target = copyOrigin(to);
  const { store } = target;
  let copy: CopyBetween | undefined;
  if (source.store === store) {
    if (!to.capabilities.serverSideCopy) return undefined;
    copy = (a, b, options) => store.copy(a, b, options);
  } else if (COPY_FROM in store) {
    copy = (store as unknown as CopiesFrom)[COPY_FROM](source.store);
  }
  if (copy === undefined) return undefined;
  const between = copy;
  return (a, b, options) => between(source.prefix + a, target.prefix + b, options);
}
