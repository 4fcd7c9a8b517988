/** @module One `ObjectStore` interface over every backend: the core, which loads no backend but memory. */

export * from './body.ts';
export type * from './bucket-features.ts';
export * from './byte-range.ts';
export type * from './capabilities.ts';
export { connect } from './connect.ts';
export type { ConnectOptions } from './connect.ts';
export * from './errors.ts';
export { compareKeys, RESERVED_PREFIX } from './keys.ts';
export type * from './object-store.ts';
export { memory } from './memory.ts';
export { open } from './open.ts';
export { PendingRead, Reading } from './reading.ts';
export type * from './service.ts';
export { Store, toStore } from './store.ts';
export { sync } from './sync/sync.ts';
export type { Sync, SyncOptions } from './sync/sync.ts';
export type { SyncRecord, SyncSummary } from './sync/sync-record.ts';
export type * from './upload.ts';
export { toWritableStream } from './upload-stream.ts';
export { cleanUploads } from './uploads/clean-uploads.ts';
export type { CleanedUpload, CleanUploadsOptions } from './uploads/clean-uploads.ts';
