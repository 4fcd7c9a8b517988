/**
 * @module DeleteObjects: the list of keys, and a result for each.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html.
 */

import { S3Error } from '../errors.ts';
import { KEY_BYTES_MAX } from '../target.ts';
import { escapeXml, S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';
import { optionalText, parseXml } from '../xml/parse.ts';
import type { XmlElement } from '../xml/parse.ts';

export const DELETE_OBJECTS_MAX = 1000;

export interface ObjectToDelete {
  readonly key: string;
  readonly versionId: string | undefined;
  /** Why this one cannot be deleted; the others can. */
  readonly error: S3Error | undefined;
}

export interface DeleteObjectsInput {
  readonly quiet: boolean;
  readonly objects: readonly ObjectToDelete[];
}

/** @throws S3Error MalformedXML, MissingRequestBodyError */
export function parseDeleteObjects(body: Buffer): DeleteObjectsInput {
  if (body.length === 0) throw new S3Error('MissingRequestBodyError');
  const root = parseXml(body);
  if (root.name !== 'Delete') throw new S3Error('MalformedXML');
  const objects: ObjectToDelete[] = [];
  for (const child of root.children) {
    if (child.name === 'Object') objects.push(parseObject(child));
    else if (child.name !== 'Quiet') throw new S3Error('MalformedXML');
  }
  if (objects.length === 0 || objects.length > DELETE_OBJECTS_MAX) throw new S3Error('MalformedXML');
  const quiet = optionalText(root, 'Quiet')?.trim().toLowerCase() ?? 'false';
  if (quiet !== 'true' && quiet !== 'false') throw new S3Error('MalformedXML');
  return { quiet: quiet === 'true', objects };
}

const CONDITIONS = new Set(['ETag', 'LastModifiedTime', 'Size']);

function parseObject(element: XmlElement): ObjectToDelete {
  const key = optionalText(element, 'Key');
  if (key === undefined || key === '') throw new S3Error('MalformedXML');
  const versionId = optionalText(element, 'VersionId');
  let error: S3Error | undefined;
  for (const { name } of element.children) {
    if (name === 'Key' || name === 'VersionId') continue;
    if (!CONDITIONS.has(name)) throw new S3Error('MalformedXML');
    error = new S3Error('NotImplemented', `${name} of an object to delete is not implemented.`);
  }
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) error = new S3Error('KeyTooLongError');
  if (versionId !== undefined && versionId !== '' && versionId !== 'null')
    error = new S3Error('NoSuchVersion');
  return { key, versionId, error };
}

export function encodeDeleteObjects(
  input: DeleteObjectsInput,
  errors: ReadonlyMap<ObjectToDelete, S3Error>,
): string {
  let xml = `${XML_DECLARATION}<DeleteResult xmlns="${S3_NAMESPACE}">`;
  for (const object of input.objects) {
    const error = errors.get(object);
    const version =
      object.versionId === undefined ? '' : `<VersionId>${escapeXml(object.versionId)}</VersionId>`;
    const name = `<Key>${escapeXml(object.key)}</Key>${version}`;
    if (error !== undefined) {
      xml += `<Error>${name}<Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message></Error>`;
    } else if (!input.quiet) {
      xml += `<Deleted>${name}</Deleted>`;
    }
  }
  return `${xml}</DeleteResult>`;
}
