/** S3's XML documents, written and read. What other services leave out or add does no harm. */

import { escapeXml, parseXml } from '@cistern/protocol/client';
import type { XmlElement } from '@cistern/protocol/client';
import { StoreError } from '../../errors.ts';
import { codeError } from './errors.ts';
import type { Doing } from './errors.ts';
import type { HttpAnswer } from './exchange.ts';

/**
 * The root of an answer's document.
 *
 * @throws {StoreError} of an `<Error>`, which S3 also sends with status 200 when it comes late; `Unavailable` for a document
 *   that was cut or is none
 */
export function readDocument(answer: HttpAnswer, root: string, doing: Doing): XmlElement {
  const { operation, key } = doing;
  let document: XmlElement;
  try {
    document = parseXml(withoutBlanks(answer.body));
  } catch (error) {
    throw new StoreError('Unavailable', `${operation}: the answer is no document of S3's`, {
      operation,
      key,
      cause: error,
    });
  }
  if (document.name === 'Error') {
    const code = childText(document, 'Code') ?? '';
    const message = childText(document, 'Message') ?? 'no message';
    // The status was sent before the outcome was known: it says nothing.
    throw codeError({ code, message }, 500, answer.headers, doing);
  }
  if (document.name === root) return document;
  throw new StoreError('Unexpected', `${operation}: the answer is a ${document.name}, and no ${root}`, {
    operation,
    key,
  });
}

/** Answers that take long begin with blanks, which keep the connection; nothing may stand before an XML declaration. */
function withoutBlanks(body: Uint8Array): Uint8Array {
  let start = 0;
  while (start < body.byteLength && (body[start] as number) <= 0x20) start++;
  return start === 0 ? body : body.subarray(start);
}

export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

export function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** `encoding-type=url` writes a blank as `+`, as forms do. */
export function decodeText(text: string): string {
  if (!/[%+]/.test(text)) return text;
  return decodeURIComponent(text.replaceAll('+', '%20'));
}

const encoder = new TextEncoder();
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** What XML 1.0 cannot say, not even as a reference; and line ends, which parsers change. */
// oxlint-disable-next-line no-control-regex
const UNSAYABLE = /[\u0000-\u001f\u007f\ufffe\uffff]/;

export function canBeWritten(key: string): boolean {
  return !UNSAYABLE.test(key);
}

/** @param items whose keys `canBeWritten` */
export function deleteDocument(
  items: readonly { readonly key: string; readonly version?: string | undefined }[],
): Uint8Array {
  const objects = items.map(({ key, version }) => {
    const id = version === undefined ? '' : `<VersionId>${escapeXml(version)}</VersionId>`;
    return `<Object><Key>${escapeXml(key)}</Key>${id}</Object>`;
  });
  return encoder.encode(`<Delete xmlns="${NAMESPACE}"><Quiet>true</Quiet>${objects.join('')}</Delete>`);
}

export interface UploadedPart {
  readonly number: number;
  /** without quotes */
  readonly etag: string;
  /** Base64 */
  readonly crc32?: string | undefined;
}

export function completeDocument(parts: readonly UploadedPart[]): Uint8Array {
  const listed = parts.map(({ number, etag, crc32 }) => {
    const checksum = crc32 === undefined ? '' : `<ChecksumCRC32>${crc32}</ChecksumCRC32>`;
    return `<Part><PartNumber>${number}</PartNumber><ETag>&quot;${escapeXml(etag)}&quot;</ETag>${checksum}</Part>`;
  });
  return encoder.encode(
    `<CompleteMultipartUpload xmlns="${NAMESPACE}">${listed.join('')}</CompleteMultipartUpload>`,
  );
}

export function createBucketDocument(region: string): Uint8Array {
  return encoder.encode(
    `<CreateBucketConfiguration xmlns="${NAMESPACE}"><LocationConstraint>${escapeXml(region)}` +
      '</LocationConstraint></CreateBucketConfiguration>',
  );
}

export function versioningDocument(status: 'Enabled' | 'Suspended'): Uint8Array {
  return encoder.encode(
    `<VersioningConfiguration xmlns="${NAMESPACE}"><Status>${status}</Status></VersioningConfiguration>`,
  );
}

/** @param tags names and values that `canBeWritten` */
export function taggingDocument(tags: Readonly<Record<string, string>>): Uint8Array {
  const listed = Object.entries(tags).map(
    ([key, value]) => `<Tag><Key>${escapeXml(key)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
  );
  return encoder.encode(`<Tagging xmlns="${NAMESPACE}"><TagSet>${listed.join('')}</TagSet></Tagging>`);
}
