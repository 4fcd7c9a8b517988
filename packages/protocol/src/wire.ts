/**
 * @module What the package exports of headers, signatures, chunked bodies and checksums.
 */

export { RawHeaders } from './raw-headers.ts';
export {
  type Authentication,
  authenticate,
  type AuthenticateOptions,
  CLOCK_SKEW_MS_MAX,
  type SignedRequest,
} from './sigv4/authenticate.ts';
export { type ChunkSigningContext, ChunkSigner } from './sigv4/chunk-signature.ts';
export {
  EMPTY_SHA256,
  type PayloadMode,
  STREAMING_SIGNED,
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
  UNSIGNED_PAYLOAD,
} from './sigv4/payload-mode.ts';
export {
  type Credentials,
  presign,
  type PresignOptions,
  type RequestSignature,
  signRequest,
  type SignRequestOptions,
} from './sigv4/sign-request.ts';
export { encodeKey, encodeQueryComponent } from './sigv4/uri-encode.ts';
export { type ChunkedDecoder, type ChunkedDecoderOptions, createChunkedDecoder } from './chunked/decoder.ts';
export {
  ChunkedEncoder,
  type ChunkedEncoderOptions,
  chunkedLength,
  type EncodedLengthOptions,
} from './chunked/encoder.ts';
export {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checksumAlgorithmOfHeader,
  checksumBytes,
  checksumHeader,
  formatChecksum,
  parseChecksum,
  parseChecksumAlgorithm,
} from './checksums/algorithm.ts';
export { type Checksum, checksumOf, createChecksum, loadChecksums } from './checksums/checksum.ts';
