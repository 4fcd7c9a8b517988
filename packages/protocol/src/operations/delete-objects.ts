/**
 * @module DeleteObjects: the list of keys, and a result for each.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html.
 */

import { S3Error } from '../errors.ts';
import { parseVersionId } from '../ids.ts';
import type { VersionId } from '../ids.ts';
import { KEY_BYTES_MAX } from '../target.ts';
import { checkChildren, parseDocument } from '../xml/document.ts';
import { escapeXml, S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';
import { optionalText } from '../xml/parse.ts';
import type { XmlElement } from '../xml/parse.ts';
import { deleteCondition } from './delete-condition.ts';
import type { DeleteCondition } from './delete-condition.ts';

export const DELETE_OBJECTS_MAX = 1000;

export interface ObjectToDelete {
  readonly key: string;
  /** As it was sent, to be repeated. */
  readonly versionId: string | undefined;
  /** Undefined: the current one. */
  readonly version: VersionId | undefined;
  readonly condition: DeleteCondition | null;
  /** Why this one cannot be deleted; the others can. */
  readonly error: S3Error | undefined;
}

export interface DeleteObjectsInput {
  readonly quiet: boolean;
  readonly objects: readonly ObjectToDelete[];
}

/** @throws S3Error MalformedXML, MissingRequestBodyError */
export function parseDeleteObjects(body: Buffer): DeleteObjectsInput {
  const root = parseDocument(body, 'Delete');
  checkChildren(root, ['Object', 'Quiet']);
  const objects = root.children.filter(({ name }) => name === 'Object').map(parseObject);
  if (objects.length === 0 || objects.length > DELETE_OBJECTS_MAX) throw new S3Error('MalformedXML');
  const quiet = optionalText(root, 'Quiet')?.trim().toLowerCase() ?? 'false';
  if (quiet !== 'true' && quiet !== 'false') throw new S3Error('MalformedXML');
  return { quiet: quiet === 'true', objects };
}

function parseObject(element: XmlElement): ObjectToDelete {
  checkChildren(element, ['Key', 'VersionId', 'ETag', 'LastModifiedTime', 'Size']);
  const key = optionalText(element, 'Key');
  if (key === undefined || key === '') throw new S3Error('MalformedXML');
  // Some clients send an empty element for no version.
  const versionId = optionalText(element, 'VersionId') || undefined;
  const version = versionId === undefined ? undefined : parseVersionId(versionId);
  const conditionText = {
    etag: optionalText(element, 'ETag'),
    modified: optionalText(element, 'LastModifiedTime'),
    size: optionalText(element, 'Size')?.trim(),
  };
  let condition: DeleteCondition | null = null;
  let error: S3Error | undefined;
  try {
    condition = deleteCondition(conditionText);
  } catch (cause) {
    if (!S3Error.isS3Error(cause)) throw cause;
    error = cause;
  }
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) error = new S3Error('KeyTooLongError');
  else if (versionId !== undefined && version === undefined) error = new S3Error('NoSuchVersion');
  return { key, versionId, version, condition, error };
}

/** A deletion that made a marker, or removed one: its version id. */
export interface DeletedMarker {
  readonly deleteMarkerVersionId: string;
}

/** @param results of those that failed, or have to do with a delete marker; the others are simply gone */
export function encodeDeleteObjects(
  input: DeleteObjectsInput,
  results: ReadonlyMap<ObjectToDelete, S3Error | DeletedMarker>,
): string {
  let xml = `${XML_DECLARATION}<DeleteResult xmlns="${S3_NAMESPACE}">`;
  for (const object of input.objects) {
    const result = results.get(object);
    const version =
      object.versionId === undefined ? '' : `<VersionId>${escapeXml(object.versionId)}</VersionId>`;
    const name = `<Key>${escapeXml(object.key)}</Key>${version}`;
    if (S3Error.isS3Error(result)) {
      xml += `<Error>${name}<Code>${result.code}</Code><Message>${escapeXml(result.message)}</Message></Error>`;
    } else if (!input.quiet) {
      xml += `<Deleted>${name}${result === undefined ? '' : encodeMarker(result)}</Deleted>`;
    }
  }
  return `${xml}</DeleteResult>`;
}

function encodeMarker({ deleteMarkerVersionId: id }: DeletedMarker): string {
  return `<DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>${id}</DeleteMarkerVersionId>`;
}
