/**
 * @module The trailers after the last chunk of an aws-chunked body.
 *
 * Lenient about line ends, because clients differ (CR LF or LF, with none, one or several blank lines after the last
 * trailer), and about nothing else: what was announced must come, once, and nothing besides.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html.
 */

import { S3Error } from '../errors.ts';
import { trimBlanks } from '../raw-headers.ts';
import type { ChunkSigner } from '../sigv4/chunk-signature.ts';
import { signaturesEqual } from '../sigv4/signing-key.ts';

/** Many times what five checksums and a signature take. */
export const TRAILERS_BYTES_MAX = 8192;

export const TRAILER_SIGNATURE = 'x-amz-trailer-signature';

function malformed(reason: string): S3Error {
  return new S3Error(
    'MalformedTrailerError',
    `The request contained trailing data that was not well-formed: ${reason}.`,
  );
}

/**
 * @param section everything after the header of the last chunk (latin1)
 * @param announced lower-case names
 * @param signer its next signature must be that of the trailers; undefined for the unsigned form
 * @throws S3Error IncompleteBody, MalformedTrailerError, SignatureDoesNotMatch
 */
export function parseTrailers(
  section: string,
  announced: readonly string[],
  signer: ChunkSigner | undefined,
): Map<string, string> {
  const lines = section.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  // What stands after the last line end is a trailer cut short, and might still look like a whole one.
  if (lines.pop() !== '' || section.endsWith('\r')) throw new S3Error('IncompleteBody');
  const trailers = new Map<string, string>();
  let signature: string | undefined;
  for (const line of lines) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = trimBlanks(line.slice(colon + 1));
    if (name === '') throw malformed('a line is not a name and a value');
    if (signature !== undefined) throw malformed('a trailer follows the signature');
    if (name === TRAILER_SIGNATURE && signer !== undefined) {
      signature = value;
      continue;
    }
    if (!announced.includes(name)) throw malformed(`x-amz-trailer does not announce "${name}"`);
    if (trailers.has(name)) throw malformed(`"${name}" comes twice`);
    trailers.set(name, value);
  }
  for (const name of announced) {
    if (!trailers.has(name)) throw malformed(`"${name}" was announced and did not come`);
  }
  if (signer !== undefined) {
    if (signature === undefined) throw malformed(`${TRAILER_SIGNATURE} is missing`);
    if (!signaturesEqual(signer.signTrailers(formatTrailers(trailers)), signature)) {
      throw new S3Error('SignatureDoesNotMatch');
    }
  }
  return trailers;
}

/** The form that is signed: `name:value\n` for each, in order. */
export function formatTrailers(trailers: Iterable<readonly [string, string]>): string {
  let text = '';
  for (const [name, value] of trailers) text += `${name}:${value}\n`;
  return text;
}
