/** What an object carries beside its bytes, as a user writes it. */

import type { Attributes } from '@cistern/store';
import { usage } from '../failures/failure.ts';

/** Of `attributeOptions`. */
export interface AttributeFlags {
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentLanguage?: string | undefined;
  readonly metadata?: readonly string[] | undefined;
}

/** @returns undefined when none was given @throws {Failure} a usage error */
export function toAttributes(flags: AttributeFlags): Attributes | undefined {
  const { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage } = flags;
  const metadata =
    flags.metadata === undefined ? undefined : Object.fromEntries(flags.metadata.map(parsePair));
  const all = { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage, metadata };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** Names are lower case wherever they are kept. */
function parsePair(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw usage(`--metadata ${text} has no name`, 'Write --metadata name=value.');
  return [text.slice(0, equals).toLowerCase(), text.slice(equals + 1)];
}
