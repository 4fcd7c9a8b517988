/** @module `sync`: makes one store, or a part of it, like another, in constant memory. */

export { difference } from './compare-objects.ts';
export type { Compare, Difference } from './compare-objects.ts';
export { COPY_FROM, COPY_ORIGIN, copyFrom, copyOrigin, serverSideCopy } from './copy-origin.ts';
export type { CopiesFrom, CopyBetween, CopyOrigin } from './copy-origin.ts';
export { mergeListings } from './merge-listings.ts';
export type { KeyPair } from './merge-listings.ts';
export { sync, Sync } from './sync.ts';
export type { SyncCopy, SyncOptions } from './sync.ts';
export type { SyncRecord, SyncSummary } from './sync-record.ts';
export { sameBytes } from '../uploads/same-bytes.ts';
