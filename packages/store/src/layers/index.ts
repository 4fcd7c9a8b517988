/** @module The layers: each a function that takes a store and gives one. */

export { prefix } from './prefix.ts';
export { retry } from './retry.ts';
export type { Clock, RetryOptions } from './retry.ts';
