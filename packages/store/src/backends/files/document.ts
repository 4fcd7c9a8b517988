/** The small documents that these stores keep beside bytes: JSON with a version. */

import { StoreError } from '../../errors.ts';

/** @throws {StoreError} `Corrupt`, and `Unsupported` for one of a later release */
export function parseDocument(text: string, version: number, what: string): object {
  let document: { readonly version?: unknown } | null;
  try {
    document = JSON.parse(text, withoutPrototype) as typeof document;
  } catch (error) {
    throw new StoreError('Corrupt', `${what} cannot be read`, { cause: error });
  }
  if (document?.version === version) return document;
  throw new StoreError(
    'Unsupported',
    `${what} has the version ${String(document?.version)}, and this release reads ${version}: use a later one`,
  );
}

/** `__proto__` is a name of metadata like any other, and so is `metadata`: that one's value is text. */
export function withoutPrototype(key: string, value: unknown): unknown {
  return key === 'metadata' && typeof value === 'object' && value !== null
    ? Object.assign(Object.create(null) as object, value)
    : value;
}
