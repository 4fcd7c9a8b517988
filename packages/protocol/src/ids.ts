/**
 * @module The ids of versions and of uploads on the wire: numbers of the catalog's counter, as text of fixed width whose
 * order is the order of the numbers. They are opaque to clients, and say nothing about whether there is such a thing.
 */

import { invalidArgument } from './errors.ts';

/** Enough for every number that JavaScript counts exactly. */
const DIGITS = 11;
const NUMBER = new RegExp(`^[0-9a-z]{${DIGITS}}$`);

/** The two kinds begin with different letters, so that none is taken for the other. */
const VERSION = 'v';
const UPLOAD = 'u';

/** The number that made a version, or `null`: the version that a bucket without versioning keeps of a key. */
export type VersionId = number | 'null';

export function formatVersionId(seq: number): string {
  return VERSION + format(seq);
}

/** Undefined for what is no version id of ours. */
export function parseVersionId(text: string): VersionId | undefined {
  return text === 'null' ? 'null' : parse(VERSION, text);
}

/**
 * Reads the parameter `versionId`; undefined when there is none: the current version.
 *
 * @throws S3Error InvalidArgument
 */
export function readVersionId(text: string | undefined, argument = 'versionId'): VersionId | undefined {
  if (text === undefined) return undefined;
  if (text === '') throw invalidArgument('Version id cannot be the empty string', argument, text);
  const version = parseVersionId(text);
  if (version === undefined) throw invalidArgument('Invalid version id specified', argument, text);
  return version;
}

export function formatUploadId(id: number): string {
  return UPLOAD + format(id);
}

/** Undefined for what is no upload id of ours. */
export function parseUploadId(text: string): number | undefined {
  return parse(UPLOAD, text);
}

function format(number: number): string {
  return number.toString(36).padStart(DIGITS, '0');
}

function parse(kind: string, text: string): number | undefined {
  const digits = text.slice(1);
  if (!text.startsWith(kind) || !NUMBER.test(digits)) return undefined;
  const number = Number.parseInt(digits, 36);
  return Number.isSafeInteger(number) ? number : undefined;
}
