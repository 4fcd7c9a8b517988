/**
 * @module The chain of signatures over the chunks and trailers of a streamed body.
 *
 * Each signature covers the one before it, so chunks can be neither reordered nor left out nor repeated.
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html.
 */

import { EMPTY_SHA256 } from './payload-mode.ts';
import { hmacHex, sha256Hex, type SigningKey } from './signing-key.ts';

/** What the first chunk's signature builds on. */
export interface ChunkSigningContext {
  /** the signature of the request's headers */
  seedSignature: string;
  signingKey: SigningKey;
  /** `YYYYMMDDTHHMMSSZ` */
  amzDate: string;
  /** `YYYYMMDD/region/s3/aws4_request` */
  scope: string;
}

/** Signs chunk after chunk; every call moves the chain one link on. */
export class ChunkSigner {
  readonly #context: ChunkSigningContext;
  #previous: string;

  constructor(context: ChunkSigningContext) {
    this.#context = context;
    this.#previous = context.seedSignature;
  }

  /** @param dataSha256 hex SHA-256 of the chunk's data */
  signChunk(dataSha256: string): string {
    const { amzDate, scope } = this.#context;
    return this.#sign(
      `AWS4-HMAC-SHA256-PAYLOAD\n${amzDate}\n${scope}\n${this.#previous}\n${EMPTY_SHA256}\n${dataSha256}`,
    );
  }

  /** @param trailers one `name:value\n` a trailer, names in lower case, as sent */
  signTrailers(trailers: string): string {
    const { amzDate, scope } = this.#context;
    const trailersSha256 = sha256Hex(trailers);
    return this.#sign(`AWS4-HMAC-SHA256-TRAILER\n${amzDate}\n${scope}\n${this.#previous}\n${trailersSha256}`);
  }

  #sign(text: string): string {
    return (this.#previous = hmacHex(this.#context.signingKey, text));
  }
}
