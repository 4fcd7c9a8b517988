/**
 * @module The document of tags, of objects and of buckets alike.
 *
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html, API_PutBucketTagging.html.
 */

import { S3Error } from '../errors.ts';
import { checkTags } from '../tags.ts';
import type { Tag, Tagged } from '../tags.ts';
import { checkChildren, parseDocument } from '../xml/document.ts';
import { escapeXml, S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';
import { optionalChild, optionalText } from '../xml/parse.ts';
import type { XmlElement } from '../xml/parse.ts';

/**
 * Reads the body of PutObjectTagging or PutBucketTagging. No tags at all are good, too.
 *
 * @throws S3Error MissingRequestBodyError, MalformedXML, InvalidTag, BadRequest (too many)
 */
export function parseTaggingDocument(body: Buffer, tagged: Tagged): readonly Tag[] {
  const root = parseDocument(body, 'Tagging');
  checkChildren(root, ['TagSet']);
  const set = optionalChild(root, 'TagSet');
  if (set === undefined) return [];
  checkChildren(set, ['Tag']);
  const tags = set.children.map(parseTag);
  checkTags(tags, tagged);
  return tags;
}

function parseTag(element: XmlElement): Tag {
  checkChildren(element, ['Key', 'Value']);
  const key = optionalText(element, 'Key');
  const value = optionalText(element, 'Value');
  if (key === undefined || value === undefined) throw new S3Error('MalformedXML');
  return [key, value];
}

export function encodeTagging(tags: readonly Tag[]): string {
  let xml = `${XML_DECLARATION}<Tagging xmlns="${S3_NAMESPACE}"><TagSet>`;
  for (const [key, value] of tags)
    xml += `<Tag><Key>${escapeXml(key)}</Key><Value>${escapeXml(value)}</Value></Tag>`;
  return `${xml}</TagSet></Tagging>`;
}
