/**
 * @module Tags of objects and buckets: which ones are good, and how a header carries them. The documents are
 * `operations/tagging.ts`'s.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html. S3 judges each tag before it counts
 * them, and answers BadRequest to too many, InvalidTag to a bad one; a header that is none is an InvalidArgument.
 */

import { invalidArgument, S3Error } from './errors.ts';
import { decodeKeyText } from './target.ts';

export type Tag = readonly [key: string, value: string];

export type Tagged = 'Object' | 'Bucket';

const TAGS_MAX: Readonly<Record<Tagged, number>> = { Object: 10, Bucket: 50 };
const KEY_CHARACTERS_MAX = 128;
const VALUE_CHARACTERS_MAX = 256;
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * Reads `x-amz-tagging`: a query string, in which `+` is a space.
 *
 * @throws S3Error InvalidArgument, InvalidTag, BadRequest
 */
export function parseTagging(header = ''): readonly Tag[] {
  const parts = header.split('&').filter((part) => part !== '');
  const tags = parts.map((part): Tag => {
    const equals = part.indexOf('=');
    const key = decodeKeyText((equals === -1 ? part : part.slice(0, equals)).replaceAll('+', ' '));
    const value = decodeKeyText((equals === -1 ? '' : part.slice(equals + 1)).replaceAll('+', ' '));
    if (key === undefined || value === undefined) throw invalidHeader(header);
    return [key, value];
  });
  if (hasDuplicates(tags)) throw invalidHeader(header);
  checkTags(tags, 'Object');
  return tags;
}

function invalidHeader(value: string): S3Error {
  return invalidArgument(
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    'x-amz-tagging',
    value,
  );
}

function hasDuplicates(tags: readonly Tag[]): boolean {
  return new Set(tags.map(([key]) => key)).size !== tags.length;
}

/** @throws S3Error InvalidTag, BadRequest */
export function checkTags(tags: readonly Tag[], tagged: Tagged): void {
  for (const [key, value] of tags) {
    if (key.toLowerCase().startsWith('aws:')) {
      throw new S3Error('InvalidTag', 'System tags cannot be added/updated by requester', { TagKey: key });
    }
    if (key === '' || !isGood(key, KEY_CHARACTERS_MAX)) {
      throw new S3Error('InvalidTag', 'The TagKey you have provided is invalid', { TagKey: key });
    }
    if (!isGood(value, VALUE_CHARACTERS_MAX)) {
      throw new S3Error('InvalidTag', 'The TagValue you have provided is invalid', { TagKey: key });
    }
  }
  if (hasDuplicates(tags)) throw new S3Error('InvalidTag', 'Cannot provide multiple Tags with the same key');
  if (tags.length > TAGS_MAX[tagged]) {
    throw new S3Error('BadRequest', `${tagged} tags cannot be greater than ${TAGS_MAX[tagged]}`);
  }
}

function isGood(text: string, charactersMax: number): boolean {
  // The length in code units first: text of a whole document is not taken apart.
  return text.length <= 2 * charactersMax && [...text].length <= charactersMax && CHARACTERS.test(text);
}
