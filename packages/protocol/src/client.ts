/** @module What a client needs of S3 on the wire, and no more: a program that sends one request loads these few files. */

export { formatChecksum } from './checksums/algorithm.ts';
export { crc32, createChecksum } from './checksums/checksum.ts';
export type { Checksum } from './checksums/checksum.ts';
export { combineChecksums } from './checksums/combine.ts';
export { multipartETag } from './checksums/composite.ts';
export { isValidBucketName, snapshotBucketName } from './names.ts';
export { EMPTY_SHA256, UNSIGNED_PAYLOAD } from './sigv4/payload-mode.ts';
export { presign, signRequest } from './sigv4/sign-request.ts';
export { encodeKey, encodeQueryComponent } from './sigv4/uri-encode.ts';
export { escapeXml } from './xml/escape.ts';
export { parseXml } from './xml/parse.ts';
export type { XmlElement } from './xml/parse.ts';
