/** @module Layers: stores around other stores, each adding one thing: `retry(5, prefix('a/', files('/data')))`. */

export { cache } from './cache.ts';
export type { CacheOptions } from './cache.ts';
export { checksum } from './checksum.ts';
export { compress } from './compress.ts';
export type { CompressOptions } from './compress.ts';
export { encrypt } from './encrypt.ts';
export type { EncryptOptions } from './encrypt.ts';
export { rotateKey } from './encrypt/rotate.ts';
export { fanout } from './fanout.ts';
export type { FanoutOptions } from './fanout.ts';
export type { Divergence } from './fanout/divergence.ts';
export { repair } from './fanout/repair.ts';
export type { Repaired, RepairOptions } from './fanout/repair.ts';
export { limit } from './limit.ts';
export type { LimitOptions } from './limit.ts';
export { observe } from './observe.ts';
export type { ObservedCall, ObservedEnd, ObservedOperation, ObserveHooks } from './observe.ts';
export { prefix } from './prefix.ts';
export { readonly } from './readonly.ts';
export { retry } from './retry.ts';
export type { Clock, RetryOptions } from './retry.ts';
