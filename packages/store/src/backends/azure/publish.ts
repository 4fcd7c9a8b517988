/**
 * The request that makes a new state of a blob visible. When its answer is lost, a mark in the blob's metadata tells whether it
 * was done: a conditional write that is simply made again would meet its own result and seem to have failed.
 */

import { randomBytes } from 'node:crypto';
import { isStoreError, StoreError } from '../../errors.ts';
import type { Attributes, ObjectInfo, PutMode } from '../../object-store.ts';
import { attributeHeaders, ownHeader, ownValue } from './attributes.ts';
import type { AnswerHeaders, Headers } from './attributes.ts';
import { isAnswer } from './errors.ts';
import { modeHeaders, writtenInfo } from './info.ts';
import { headBlob } from './read.ts';
import type { Blob } from './read.ts';

export interface WriteOptions {
  readonly mode: PutMode | undefined;
  readonly attributes: Attributes;
  readonly signal: AbortSignal | undefined;
  /** the upload that the blob is made of */
  readonly upload?: string | undefined;
}

/** What is sent when a blob is published, and how its result is known again. */
export class Publication {
  readonly #blob: Blob;
  readonly #options: WriteOptions;
  readonly #mark: { readonly name: string; readonly value: string } | undefined;

  constructor(blob: Blob, options: WriteOptions) {
    this.#blob = blob;
    this.#options = options;
    const { upload, mode } = options;
    if (upload !== undefined) this.#mark = { name: 'upload', value: upload };
    else if (mode !== undefined && mode !== 'overwrite') {
      this.#mark = { name: 'put', value: randomBytes(9).toString('base64url') };
    }
  }

  /** metadata of the library's own */
  get own(): Headers {
    return this.#mark === undefined ? {} : ownHeader(this.#mark.name, this.#mark.value);
  }

  /** @throws {StoreError} `InvalidArgument` for attributes that cannot be kept */
  get headers(): Headers {
    const { operation, key } = this.#blob;
    const { attributes, mode } = this.#options;
    return { ...attributeHeaders(attributes, operation, key), ...this.own, ...modeHeaders(mode) };
  }

  /** @param size bytes of the new blob */
  async publish(sent: Promise<AnswerHeaders>, size: number): Promise<ObjectInfo> {
    const { attributes, mode } = this.#options;
    try {
      return writtenInfo(await sent, this.#blob.key, size, attributes);
    } catch (error) {
      const done = await this.#lookUp(error);
      if (done !== undefined) return { ...done, attributes };
      throw mode === 'create' ? asCreated(error) : error;
    }
  }

  async #lookUp(error: unknown): Promise<ObjectInfo | undefined> {
    if (this.#mark === undefined || !isStoreError(error)) return undefined;
    const unanswered = error.code === 'Unavailable' || error.code === 'Timeout';
    // It may have met its own result: come twice on the way, or of a completion that was asked for before.
    const met = isAnswer(error, 'BlobAlreadyExists') || isConditionNotMet(error);
    if (!unanswered && !met) return undefined;
    try {
      const { info, headers } = await headBlob(this.#blob, { signal: this.#options.signal });
      return ownValue(headers, this.#mark.name) === this.#mark.value ? info : undefined;
    } catch {
      // The first error says what happened.
      return undefined;
    }
  }
}

function isConditionNotMet(error: unknown): boolean {
  return isAnswer(error, 'ConditionNotMet');
}

/** The service answers a failed `create` in two ways. */
function asCreated(error: unknown): unknown {
  if (!isStoreError(error) || !isConditionNotMet(error)) return error;
  const { message, operation, key, cause } = error;
  return new StoreError('AlreadyExists', message, { operation, key, cause });
}
