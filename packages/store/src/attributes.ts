/** Attributes as stores keep them: names of metadata in lower case, nothing that is undefined, within the store's limit. */

import { StoreError } from './errors.ts';
import type { StoreOperation } from './errors.ts';
import type { Attributes } from './object-store.ts';

/** Attributes that are texts, each with the header that it is in HTTP. */
export const ATTRIBUTE_HEADERS = [
  ['contentType', 'content-type'],
  ['cacheControl', 'cache-control'],
  ['contentDisposition', 'content-disposition'],
  ['contentEncoding', 'content-encoding'],
  ['contentLanguage', 'content-language'],
] as const satisfies readonly (readonly [keyof Attributes, string])[];

const NONE: Attributes = Object.freeze({});
const encoder = new TextEncoder();
/** What HTTP allows as a header's name (RFC 9110, token): stores that are spoken to by HTTP can take no other. */
const METADATA_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// Anything that would end a header's line or cannot stand in one. Text beyond ASCII is allowed: backends encode it.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/**
 * @param metadataBytesMax the store's limit of names and values together
 * @throws {StoreError} `InvalidArgument`, `TooLarge`
 */
export function toAttributes(
  given: Attributes | undefined,
  operation: StoreOperation,
  key: string,
  metadataBytesMax: number,
): Attributes {
  if (given === undefined) return NONE;
  const attributes: { -readonly [name in keyof Attributes]: Attributes[name] } = {};
  for (const [name] of ATTRIBUTE_HEADERS) {
    const value = given[name];
    if (value === undefined) continue;
    checkValue(name, value, operation, key);
    attributes[name] = value;
  }
  if (given.metadata !== undefined) {
    const metadata = toMetadata(given.metadata, operation, key, metadataBytesMax);
    if (Object.keys(metadata).length > 0) attributes.metadata = metadata;
  }
  return attributes;
}

/**
 * Attributes as they were stored, which damage may have changed.
 *
 * @throws {StoreError} `Corrupt` for what cannot be such
 */
export function readAttributes(stored: unknown): Attributes {
  if (!isRecord(stored)) throw damaged();
  for (const [name] of ATTRIBUTE_HEADERS) {
    if (stored[name] !== undefined && typeof stored[name] !== 'string') throw damaged();
  }
  const { metadata = {} } = stored;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    throw damaged();
  return stored;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function damaged(): StoreError {
  return new StoreError('Corrupt', 'What is kept of an object beside its bytes is damaged');
}

/** Whether there is anything to keep. */
export function hasAttributes(attributes: Attributes): boolean {
  return Object.keys(attributes).length > 0;
}

function toMetadata(
  given: Readonly<Record<string, string>>,
  operation: StoreOperation,
  key: string,
  bytesMax: number,
): Record<string, string> {
  // Without a prototype: `__proto__` is a name like any other.
  const metadata = Object.create(null) as Record<string, string>;
  let bytes = 0;
  for (const [given_name, value] of Object.entries(given)) {
    const name = given_name.toLowerCase();
    if (!METADATA_NAME.test(name)) {
      throw invalid(
        `A name of metadata has letters, digits and -_.; not ${JSON.stringify(name)}`,
        operation,
        key,
      );
    }
    if (name in metadata) throw invalid(`Metadata has ${name} twice`, operation, key);
    checkValue(name, value, operation, key);
    metadata[name] = value;
    bytes += name.length + encoder.encode(value).byteLength;
  }
  if (bytes > bytesMax) {
    throw new StoreError('TooLarge', `Metadata has ${bytes} bytes, and at most ${bytesMax} can be kept`, {
      operation,
      key,
    });
  }
  return metadata;
}

function checkValue(name: string, value: unknown, operation: StoreOperation, key: string): void {
  if (typeof value !== 'string') throw invalid(`${name} is text, not a ${typeof value}`, operation, key);
  if (!value.isWellFormed() || CONTROL.test(value) || value !== value.trim()) {
    throw invalid(`${name} cannot have control characters, or blanks at its ends`, operation, key);
  }
}

function invalid(message: string, operation: StoreOperation, key: string): StoreError {
  return new StoreError('InvalidArgument', message, { operation, key });
}
