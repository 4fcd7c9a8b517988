/**
 * @module The document of tags, written and read.
 */

import type { S3Response } from './s3.ts';
import { elements, text } from './xml.ts';

export type Tags = readonly (readonly [key: string, value: string])[];

const escape = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export function taggingDocument(tags: Tags): string {
  const set = tags.map(
    ([key, value]) => `<Tag><Key>${escape(key)}</Key><Value>${escape(value)}</Value></Tag>`,
  );
  return `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>${set.join('')}</TagSet></Tagging>`;
}

export function tagsIn(response: S3Response): [string, string][] {
  return elements(response.text, 'Tag').map((tag) => [text(tag, 'Key') ?? '', text(tag, 'Value') ?? '']);
}

/** So many good tags. */
export function someTags(count: number): [string, string][] {
  return Array.from({ length: count }, (_, i) => [`key-${i}`, `value ${i}`]);
}
