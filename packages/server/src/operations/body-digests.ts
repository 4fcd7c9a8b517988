/**
 * The digests that a client sent with a body, compared with those of the bytes that came. SHA-256 and MD5 are computed
 * anyway, for the blob's name and the ETag, and are not computed twice.
 */

import { hash } from 'node:crypto';
import { checksumHeader, checksumOf, createChecksum, parseChecksum, S3Error } from '@cistern/protocol';
import type { Checksum, ChecksumAlgorithm, PayloadMode, UploadInput } from '@cistern/protocol';

export interface VerifiedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64. */
  readonly value: string;
}

interface Computed {
  readonly sha256: Buffer;
  readonly md5: Buffer;
}

const COMPUTED_ANYWAY: Readonly<Partial<Record<ChecksumAlgorithm, keyof Computed>>> = {
  SHA256: 'sha256',
  MD5: 'md5',
};

export class BodyDigests {
  readonly #upload: UploadInput;
  readonly #payload: PayloadMode;
  readonly #algorithm: ChecksumAlgorithm | undefined;
  #checksum: Checksum | undefined;

  /** @param algorithm that of the checksum to compute when the client sent none */
  constructor(upload: UploadInput, payload: PayloadMode, algorithm?: ChecksumAlgorithm) {
    this.#upload = upload;
    this.#payload = payload;
    this.#algorithm = upload.checksum?.algorithm ?? algorithm;
  }

  /** Whether the client sent any digest of the payload. */
  get vouched(): boolean {
    const { contentMd5, checksum } = this.#upload;
    return contentMd5 !== null || checksum !== null;
  }

  /** Before the first `update` of a body that is not held whole. */
  begin(): void {
    const algorithm = this.#algorithm;
    if (algorithm !== undefined && !(algorithm in COMPUTED_ANYWAY))
      this.#checksum = createChecksum(algorithm);
  }

  update(slice: Buffer): void {
    this.#checksum?.update(slice);
  }

  /**
   * Compares what was computed with what was sent.
   *
   * @returns the checksum to keep with the object
   * @throws S3Error BadDigest, XAmzContentSHA256Mismatch, InvalidRequest (a trailer that is no digest)
   */
  verify(computed: Computed, trailers: ReadonlyMap<string, string>): VerifiedChecksum | null {
    const value = computedAnyway(this.#algorithm, computed) ?? this.#checksum?.digest();
    return this.#compare(computed, value, trailers);
  }

  /** The same for a body that is held whole. */
  verifyWhole(
    bytes: Buffer,
    trailers: ReadonlyMap<string, string>,
  ): Computed & { checksum: VerifiedChecksum | null } {
    const algorithm = this.#algorithm;
    const computed = { sha256: hash('sha256', bytes, 'buffer'), md5: hash('md5', bytes, 'buffer') };
    const value =
      computedAnyway(algorithm, computed) ??
      (algorithm === undefined ? undefined : checksumOf(algorithm, bytes));
    return { ...computed, checksum: this.#compare(computed, value, trailers) };
  }

  #compare(
    computed: Computed,
    value: Buffer | undefined,
    trailers: ReadonlyMap<string, string>,
  ): VerifiedChecksum | null {
    const { contentMd5, checksum } = this.#upload;
    if (this.#payload.kind === 'sha256' && computed.sha256.toString('hex') !== this.#payload.hex) {
      throw new S3Error('XAmzContentSHA256Mismatch', undefined, {
        ClientComputedContentSHA256: this.#payload.hex,
        S3ComputedContentSHA256: computed.sha256.toString('hex'),
      });
    }
    if (contentMd5 !== null && !contentMd5.equals(computed.md5)) {
      throw new S3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
        ExpectedDigest: contentMd5.toString('base64'),
        CalculatedDigest: computed.md5.toString('base64'),
      });
    }
    if (this.#algorithm === undefined || value === undefined) return null;
    if (checksum !== null) return verifyChecksum(checksum, value, trailers);
    return { algorithm: this.#algorithm, value: value.toString('base64') };
  }
}

function computedAnyway(algorithm: ChecksumAlgorithm | undefined, computed: Computed): Buffer | undefined {
  const name = algorithm === undefined ? undefined : COMPUTED_ANYWAY[algorithm];
  return name === undefined ? undefined : computed[name];
}

/** @throws S3Error BadDigest, InvalidRequest (a trailer that is no checksum) */
export function verifyChecksum(
  { algorithm, expected }: NonNullable<UploadInput['checksum']>,
  value: Buffer,
  trailers: ReadonlyMap<string, string>,
): VerifiedChecksum {
  const sent = expected ?? parseChecksum(algorithm, trailers.get(checksumHeader(algorithm)) ?? '');
  if (!sent.equals(value)) {
    throw new S3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
  }
  return { algorithm, value: value.toString('base64') };
}
