/**
 * @module For those who write a backend without uploads of its own: `PartUploads` makes them of a few of its calls, and
 * `PolledReader` reads uploads of any kind that have to be asked how far they are.
 */

export { CLEAN_UPLOADS, cleanUploads } from './clean-uploads.ts';
export type { CleanedUpload, CleansUploads, CleanUploadsOptions } from './clean-uploads.ts';
export type { ComposeOptions, PartObjects, PartSpan } from './part-objects.ts';
export { PartUploads } from './part-uploads.ts';
export type { PartUploadsOptions } from './part-uploads.ts';
export { PartedUpload } from './parted-upload.ts';
export type { UploadDriver } from './parted-upload.ts';
export { PolledReader } from './polled-reader.ts';
export type { UploadLook, UploadSource } from './polled-reader.ts';
