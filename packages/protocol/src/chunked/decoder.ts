/**
 * @module Takes the aws-chunked framing off a streamed body, and verifies its signatures.
 *
 * Payload comes out as slices of the buffers that went in, never copied. It does not compute checksums over the whole
 * body; trailers are returned for the caller to compare. HTTP's own framing is assumed to be gone.
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html.
 */

import { createHash, type Hash } from 'node:crypto';

import { S3Error } from '../errors.ts';
import { ChunkSigner, type ChunkSigningContext } from '../sigv4/chunk-signature.ts';
import { signaturesEqual } from '../sigv4/signing-key.ts';
import { parseTrailers, TRAILERS_BYTES_MAX } from './trailers.ts';

/** The longest legal header: 16 digits, `;chunk-signature=`, 64 digits, CR LF. */
const HEADER_BYTES_MAX = 16 + 17 + 64 + 2;

const SIGNED_HEADER = /^([0-9a-fA-F]{1,16});chunk-signature=([0-9a-f]{64})$/;
const UNSIGNED_HEADER = /^([0-9a-fA-F]{1,16})$/;

const LF = 0x0a;
const CR = 0x0d;

export interface ChunkedDecoderOptions {
  /** present for the signed forms: every chunk and the trailers are then verified */
  signed?: ChunkSigningContext | undefined;
  /** whether trailers follow the last chunk */
  trailer: boolean;
  /** `x-amz-decoded-content-length`, in bytes: the payload must be exactly so long; null: nobody knows */
  decodedLength: number | null;
  /** the lower-case names in `x-amz-trailer`: all of them must come, and no others */
  announcedTrailers?: readonly string[];
}

export interface ChunkedDecoder {
  /**
   * Takes the next bytes of the body and returns the payload in them, in order, as subarrays of `bytes`.
   *
   * In the signed forms a slice is returned before the signature of its chunk is known; a wrong one throws when the
   * chunk ends. Nothing may be published before `end` has returned. A decoder that has thrown is of no further use.
   *
   * @throws S3Error SignatureDoesNotMatch, InvalidRequest (framing), IncompleteBody (more than `decodedLength`)
   */
  push(bytes: Buffer): Buffer[];

  /** Payload bytes whose chunks have ended: in the signed forms, what is known to come from the signer. */
  readonly verified: number;

  /**
   * Says that the body is over.
   *
   * @returns the trailers by lower-case name, without their signature
   * @throws S3Error IncompleteBody when something is missing, MalformedTrailerError, SignatureDoesNotMatch
   */
  end(): { trailers: Map<string, string> };
}

type State = 'header' | 'data' | 'data-end' | 'final-end' | 'trailers' | 'done';

export function createChunkedDecoder(options: ChunkedDecoderOptions): ChunkedDecoder {
  return new Decoder(options);
}

function malformed(reason: string): S3Error {
  return new S3Error('InvalidRequest', `The aws-chunked body is malformed: ${reason}.`);
}

function incomplete(): S3Error {
  return new S3Error(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header',
  );
}

class Decoder implements ChunkedDecoder {
  readonly #signer: ChunkSigner | undefined;
  readonly #trailer: boolean;
  readonly #announced: readonly string[];
  #state: State = 'header';
  /** the start of a line or of the trailers that an earlier push ended in */
  #partial = '';
  /** payload bytes still to come, of the body and of the current chunk */
  #bodyLeft: number;
  readonly #endless: boolean;
  #chunkLeft = 0;
  #taken = 0;
  #verified = 0;
  #chunkHash: Hash | undefined;
  #chunkSignature = '';

  constructor(options: ChunkedDecoderOptions) {
    this.#signer = options.signed === undefined ? undefined : new ChunkSigner(options.signed);
    this.#trailer = options.trailer;
    this.#announced = options.announcedTrailers ?? [];
    this.#bodyLeft = options.decodedLength ?? Infinity;
    this.#endless = options.decodedLength === null;
  }

  get verified(): number {
    return this.#verified;
  }

  push(bytes: Buffer): Buffer[] {
    const payload: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case 'header':
          at = this.#takeHeader(bytes, at);
          break;
        case 'data': {
          const slice = bytes.subarray(at, at + this.#chunkLeft);
          payload.push(slice);
          at += slice.length;
          this.#takeData(slice);
          break;
        }
        case 'data-end':
          at = this.#takeLineEnd(bytes, at, 'header');
          break;
        case 'final-end':
          at = this.#takeLineEnd(bytes, at, 'done');
          break;
        case 'trailers':
          if (this.#partial.length + bytes.length - at > TRAILERS_BYTES_MAX) {
            throw new S3Error('MalformedTrailerError', 'The trailers are too long.');
          }
          this.#partial += bytes.toString('latin1', at);
          at = bytes.length;
          break;
        case 'done':
          throw malformed('bytes follow its end');
      }
    }
    return payload;
  }

  end(): { trailers: Map<string, string> } {
    if (this.#state === 'done') return { trailers: new Map() };
    if (this.#state !== 'trailers') throw incomplete();
    return { trailers: parseTrailers(this.#partial, this.#announced, this.#signer) };
  }

  #takeHeader(bytes: Buffer, from: number): number {
    const lineEnd = bytes.indexOf(LF, from);
    const to = lineEnd < 0 ? bytes.length : lineEnd + 1;
    if (this.#partial.length + to - from > HEADER_BYTES_MAX) throw malformed('a chunk header is too long');
    const line = this.#partial + bytes.toString('latin1', from, to);
    if (lineEnd < 0) {
      this.#partial = line;
      return to;
    }
    this.#partial = '';
    if (!line.endsWith('\r\n')) throw malformed('a chunk header does not end in CR LF');
    this.#startChunk(line.slice(0, -2));
    return to;
  }

  #startChunk(header: string): void {
    const match = (this.#signer === undefined ? UNSIGNED_HEADER : SIGNED_HEADER).exec(header);
    if (match === null) throw malformed('a chunk header is not a size and what belongs to it');
    const size = Number.parseInt(match[1] as string, 16);
    this.#chunkSignature = match[2] ?? '';
    // Sixteen digits may exceed what a double counts exactly, but then also any length that a body can have.
    if (size > this.#bodyLeft) throw incomplete();
    this.#chunkLeft = size;
    if (this.#signer !== undefined) this.#chunkHash = createHash('sha256');
    if (size > 0) {
      this.#state = 'data';
      return;
    }
    if (this.#bodyLeft > 0 && !this.#endless) throw incomplete();
    this.#verifyChunk();
    this.#state = this.#trailer ? 'trailers' : 'final-end';
  }

  #takeData(slice: Buffer): void {
    this.#chunkHash?.update(slice);
    this.#bodyLeft -= slice.length;
    this.#chunkLeft -= slice.length;
    this.#taken += slice.length;
    if (this.#chunkLeft > 0) return;
    this.#verifyChunk();
    this.#verified = this.#taken;
    this.#state = 'data-end';
  }

  #verifyChunk(): void {
    if (this.#signer === undefined || this.#chunkHash === undefined) return;
    const expected = this.#signer.signChunk(this.#chunkHash.digest('hex'));
    this.#chunkHash = undefined;
    if (!signaturesEqual(expected, this.#chunkSignature)) throw new S3Error('SignatureDoesNotMatch');
  }

  #takeLineEnd(bytes: Buffer, at: number, next: State): number {
    const expected = this.#partial === '' ? CR : LF;
    if (bytes[at] !== expected) throw malformed('a chunk does not end in CR LF');
    if (expected === CR) {
      this.#partial = '\r';
    } else {
      this.#partial = '';
      this.#state = next;
    }
    return at + 1;
  }
}
