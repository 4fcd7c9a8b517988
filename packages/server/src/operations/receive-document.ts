/** An XML body: small, held whole, and verified against every digest that came with it. */

import { parseBody, parseUpload, S3Error } from '@cistern/protocol';
import { LIMITS } from '../limits.ts';
import { BodyDigests } from './body-digests.ts';
import type { Authorized } from './context.ts';

/** For an operation that takes none: what it says is not to be ignored. @throws S3Error InvalidRequest */
export async function refuseDocument(context: Authorized, operation: string): Promise<void> {
  const { bytes } = await receiveDocument(context);
  if (bytes.length > 0) throw new S3Error('InvalidRequest', `${operation} takes no body.`);
}

/**
 * @param checksums false: those of the headers are of something else than the body
 * @returns the bytes, and whether a digest (of the signature, Content-MD5 or a checksum) vouched for them
 * @throws S3Error MaxMessageLengthExceeded, IncompleteBody, BadDigest, XAmzContentSHA256Mismatch
 */
export async function receiveDocument(
  context: Authorized,
  { checksums = true }: { checksums?: boolean } = {},
): Promise<{ bytes: Buffer; verified: boolean }> {
  const { headers, body } = context;
  const empty = !headers.has('content-length') && !headers.has('transfer-encoding');
  if (empty && body.payload.kind !== 'chunked') return { bytes: Buffer.alloc(0), verified: false };
  const upload = checksums ? parseUpload(headers, body.payload) : parseBody(headers, body.payload);
  if (upload.length > LIMITS.documentBytesMax) {
    throw new S3Error('MaxMessageLengthExceeded', undefined, {
      MaxMessageLengthBytes: String(LIMITS.documentBytesMax),
    });
  }
  const digests = new BodyDigests(upload, body.payload);
  const bytes = Buffer.allocUnsafe(upload.length);
  let filled = 0;
  const trailers = await body.receive(upload.length, {
    take: (slice) => {
      filled += slice.copy(bytes, filled);
      return undefined;
    },
    keeps: false,
  });
  digests.verifyWhole(bytes, trailers);
  return { bytes, verified: digests.vouched };
}
