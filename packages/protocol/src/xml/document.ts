/** @module The XML document that a request must have for its body: its root, and what may stand in it. */

import { S3Error } from '../errors.ts';
import { parseXml } from './parse.ts';
import type { XmlElement } from './parse.ts';

/**
 * Reads a whole body.
 *
 * @param root the name of the outermost element
 * @throws S3Error MissingRequestBodyError, MalformedXML
 */
export function parseDocument(body: Uint8Array, root: string): XmlElement {
  if (body.length === 0) throw new S3Error('MissingRequestBodyError');
  const element = parseXml(body);
  if (element.name !== root) throw new S3Error('MalformedXML');
  return element;
}

/**
 * Nothing that is not known is ignored, nor text between the elements: a document that was escaped once too often is all
 * text, and would be one that asks for nothing, such as for no tags.
 *
 * @throws S3Error MalformedXML
 */
export function checkChildren(element: XmlElement, known: readonly string[]): void {
  if (element.text.trim() !== '') throw new S3Error('MalformedXML');
  if (!element.children.every(({ name }) => known.includes(name))) throw new S3Error('MalformedXML');
}
