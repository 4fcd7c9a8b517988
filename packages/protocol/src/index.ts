/** @module S3 on the wire: pure functions over bytes, no I/O. */

export * from './wire.ts';
export * from './attributes.ts';
export * from './checksums/algorithm.ts';
export { checksumOf, createChecksum, loadChecksums } from './checksums/checksum.ts';
export type { Checksum } from './checksums/checksum.ts';
export { createChunkedDecoder } from './chunked/decoder.ts';
export type { ChunkedDecoder, ChunkedDecoderOptions } from './chunked/decoder.ts';
export * from './chunked/encoder.ts';
export * from './conditions.ts';
export * from './dates.ts';
export { encodeError, S3Error } from './errors.ts';
export type { S3ErrorCode } from './errors.ts';
export * from './ids.ts';
export * from './known.ts';
export * from './names.ts';
export * from './operation.ts';
export * from './operations/buckets.ts';
export * from './operations/copy-object.ts';
export * from './operations/delete-objects.ts';
export * from './operations/list-objects.ts';
export * from './operations/upload.ts';
export { withPresignedHeaders } from './presigned-headers.ts';
export * from './range.ts';
export { bucketOfHost, checkVersionId, KEY_BYTES_MAX, parseTarget, Query } from './target.ts';
export { escapeXml } from './xml/escape.ts';
export { parseXml } from './xml/parse.ts';
export type { XmlElement } from './xml/parse.ts';
