/**
 * @module Puts the aws-chunked framing on a body, as a client.
 *
 * Payload is passed through, never copied. Send `x-amz-decoded-content-length` and, with trailers, `x-amz-trailer`.
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html.
 */

import { hash } from 'node:crypto';

import { ChunkSigner, type ChunkSigningContext } from '../sigv4/chunk-signature.ts';
import { formatTrailers, TRAILER_SIGNATURE } from './trailers.ts';

const CR_LF = Buffer.from('\r\n');

/** `;chunk-signature=` and 64 digits */
const SIGNATURE_FIELD_BYTES = 17 + 64;

export interface ChunkedEncoderOptions {
  /** present for the signed forms */
  signed?: ChunkSigningContext | undefined;
  /** whether trailers follow the last chunk */
  trailer: boolean;
}

export class ChunkedEncoder {
  readonly #signer: ChunkSigner | undefined;
  readonly #trailer: boolean;

  constructor(options: ChunkedEncoderOptions) {
    this.#signer = options.signed === undefined ? undefined : new ChunkSigner(options.signed);
    this.#trailer = options.trailer;
  }

  /** One chunk; S3 asks for 8 KiB at least in all but the last. @param data not empty */
  chunk(data: Uint8Array): [Buffer, Uint8Array, Buffer] {
    return [this.#header(data), data, CR_LF];
  }

  /** What follows the last chunk. @param trailers `[lower-case name, value]` */
  end(trailers: readonly (readonly [string, string])[] = []): Buffer {
    let text = this.#header(new Uint8Array(0)).toString('latin1');
    if (this.#trailer) {
      for (const [name, value] of trailers) text += `${name}:${value}\r\n`;
      if (this.#signer !== undefined) {
        text += `${TRAILER_SIGNATURE}:${this.#signer.signTrailers(formatTrailers(trailers))}\r\n`;
      }
    }
    return Buffer.from(`${text}\r\n`, 'latin1');
  }

  #header(data: Uint8Array): Buffer {
    const size = data.length.toString(16);
    if (this.#signer === undefined) return Buffer.from(`${size}\r\n`, 'latin1');
    return Buffer.from(
      `${size};chunk-signature=${this.#signer.signChunk(hash('sha256', data, 'hex'))}\r\n`,
      'latin1',
    );
  }
}

export interface EncodedLengthOptions {
  /** bytes of payload */
  decodedLength: number;
  /** bytes in every chunk but the last */
  chunkLength: number;
  signed: boolean;
  /** lengths of the values of trailers by name; left out in the form without trailers */
  trailers?: Readonly<Record<string, number>>;
}

/** The Content-Length of an encoded body. */
export function chunkedLength(options: EncodedLengthOptions): number {
  const { decodedLength, chunkLength, signed, trailers } = options;
  const overhead = (size: number): number =>
    size.toString(16).length + (signed ? SIGNATURE_FIELD_BYTES : 0) + 2;
  const whole = Math.floor(decodedLength / chunkLength);
  const rest = decodedLength % chunkLength;
  let length = decodedLength + whole * (overhead(chunkLength) + 2) + overhead(0) + 2;
  if (rest > 0) length += overhead(rest) + 2;
  if (trailers !== undefined) {
    for (const [name, valueLength] of Object.entries(trailers)) length += name.length + 1 + valueLength + 2;
    if (signed) length += TRAILER_SIGNATURE.length + 1 + 64 + 2;
  }
  return length;
}
