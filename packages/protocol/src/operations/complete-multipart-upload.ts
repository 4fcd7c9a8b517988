/**
 * @module CompleteMultipartUpload: the list of parts, what the object must be, the result.
 *
 * The list is judged here as far as it can be without the parts: its order, and whether it says what the upload's
 * checksum asks for. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html; that a
 * composite checksum needs parts without gaps from 1 on: API_CompletedPart.html.
 */

import { CHECKSUM_ALGORITHMS, checksumAlgorithmOfHeader, parseChecksum } from '../checksums/algorithm.ts';
import type { ChecksumAlgorithm } from '../checksums/algorithm.ts';
import { checksumTypeOfValue, parseChecksumType } from '../checksums/checksum-type.ts';
import type { ChecksumType } from '../checksums/checksum-type.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';
import { escapeXml, S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';
import { parseXml, textOf } from '../xml/parse.ts';
import type { XmlElement } from '../xml/parse.ts';
import type { UploadChecksum } from './create-multipart-upload.ts';
import { parseSmallParts } from './live-upload.ts';
import { parsePartNumber, PART_NUMBER_MAX } from './upload-part.ts';

export interface CompletedPart {
  readonly number: number;
  /** Without quotes. */
  readonly etag: string;
  readonly checksum: ListedChecksum | null;
}

/** As it came, in Base64. */
interface ListedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
}

export interface CompleteMultipartUploadInput {
  /** At least one, their numbers ascending. */
  readonly parts: readonly CompletedPart[];
  /** `x-amz-mp-object-size`, in bytes. */
  readonly objectSize: number | undefined;
  readonly checksumType: ChecksumType | undefined;
  /** Of the whole object; not proven to be a checksum, for one that is none does not match. */
  readonly checksum: ListedChecksum | null;
  /** Whether parts that are not the last may be smaller than S3 has them. */
  readonly smallParts: boolean;
}

/** @throws S3Error MalformedXML, InvalidPartOrder, InvalidArgument, InvalidRequest */
export function parseCompleteMultipartUpload(
  body: Buffer,
  headers: RawHeaders,
): CompleteMultipartUploadInput {
  const type = headers.get('x-amz-checksum-type');
  return {
    parts: parseParts(body),
    objectSize: parseObjectSize(headers.get('x-amz-mp-object-size')),
    checksumType: type === undefined ? undefined : parseChecksumType(type),
    checksum: parseWholeChecksum(headers),
    smallParts: parseSmallParts(headers),
  };
}

function parseParts(body: Buffer): CompletedPart[] {
  if (body.length === 0) throw new S3Error('InvalidRequest', 'You must specify at least one part');
  const root = parseXml(body);
  const { children } = root;
  const isUpload = root.name === 'CompleteMultipartUpload' && root.text.trim() === '';
  if (!isUpload || children.length === 0 || children.length > PART_NUMBER_MAX)
    throw new S3Error('MalformedXML');
  let before = 0;
  return children.map((child) => {
    const part = parsePart(child);
    if (part.number <= before) throw new S3Error('InvalidPartOrder');
    before = part.number;
    return part;
  });
}

const CHECKSUM_ELEMENTS: ReadonlyMap<string, ChecksumAlgorithm> = new Map(
  CHECKSUM_ALGORITHMS.map((algorithm) => [`Checksum${algorithm}`, algorithm]),
);

function parsePart(element: XmlElement): CompletedPart {
  if (element.name !== 'Part' || element.text.trim() !== '') throw new S3Error('MalformedXML');
  let number: number | undefined;
  let etag: string | undefined;
  let checksum: ListedChecksum | null = null;
  for (const child of element.children) {
    const value = textOf(child).trim();
    if (child.name === 'PartNumber' && number === undefined) {
      if (!/^-?\d{1,9}$/.test(value)) throw new S3Error('MalformedXML');
      number = parsePartNumber(value);
    } else if (child.name === 'ETag' && etag === undefined) {
      etag = value.replace(/^"([^"]*)"$/, '$1');
    } else {
      checksum = parsePartChecksum(child.name, value, checksum);
    }
  }
  if (number === undefined || etag === undefined || etag === '') throw new S3Error('MalformedXML');
  return { number, etag, checksum };
}

function parsePartChecksum(name: string, value: string, other: ListedChecksum | null): ListedChecksum {
  const algorithm = CHECKSUM_ELEMENTS.get(name);
  if (algorithm === undefined) {
    // S3 may know further ones by now.
    if (!name.startsWith('Checksum')) throw new S3Error('MalformedXML');
    throw new S3Error('NotImplemented', `${name} of a part is not implemented.`);
  }
  // A part has been stored with one.
  if (other !== null) throw new S3Error('InvalidRequest', 'Expecting a single checksum of each part.');
  parseChecksum(algorithm, value);
  return { algorithm, value };
}

function parseObjectSize(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value))
    throw invalidArgument('The size of the object is a number of bytes.', 'x-amz-mp-object-size', value);
  return Number(value);
}

function parseWholeChecksum(headers: RawHeaders): ListedChecksum | null {
  let found: ListedChecksum | null = null;
  for (const name of headers.names()) {
    const algorithm = name.startsWith('x-amz-checksum-') ? checksumAlgorithmOfHeader(name) : undefined;
    if (algorithm === undefined) continue;
    if (found !== null)
      throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header. Multiple were sent.');
    found = { algorithm, value: headers.get(name) ?? '' };
  }
  return found;
}

/**
 * Whether the request fits the checksum that its upload was created with.
 *
 * @throws S3Error BadDigest (another type), InvalidRequest (another algorithm, or a part without what a composite
 *   checksum is made of), InvalidPartOrder (gaps in what a composite checksum is made of)
 */
export function checkCompletion(input: CompleteMultipartUploadInput, upload: UploadChecksum | null): void {
  const { checksumType, checksum, parts } = input;
  if (checksumType !== undefined && checksumType !== upload?.type) {
    throw new S3Error('BadDigest', 'The checksum type that you specified is not that of the upload.');
  }
  if (upload === null) return;
  const sent = [checksum, ...parts.map((part) => part.checksum)];
  const other = sent.find((one) => one !== null && one.algorithm !== upload.algorithm);
  if (other) {
    throw new S3Error(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm.toLowerCase()}, ` +
        `actual checksum Type: ${other.algorithm.toLowerCase()}`,
    );
  }
  if (upload.type === 'FULL_OBJECT') return;
  for (const [index, part] of parts.entries()) {
    if (part.number !== index + 1) {
      throw new S3Error(
        'InvalidPartOrder',
        'The parts of an upload with a composite checksum are numbered from 1 on, without gaps.',
      );
    }
    if (part.checksum === null) {
      throw new S3Error(
        'InvalidRequest',
        `The upload was created using a ${upload.algorithm.toLowerCase()} checksum. The complete request must ` +
          `include the checksum for each part. It was missing for part ${part.number} in the request.`,
      );
    }
  }
}

/** Whether the checksum that a client expects of the whole object is its own; a composite one may come without its `-N`. */
export function matchesWholeChecksum(expected: string, actual: string): boolean {
  if (expected === actual) return true;
  return checksumTypeOfValue(actual) === 'COMPOSITE' && expected === actual.slice(0, actual.indexOf('-'));
}

export function encodeCompleteMultipartUpload(result: {
  /** URL of the object. */
  location: string;
  bucket: string;
  key: string;
  /** Without quotes. */
  etag: string;
  checksumAlgorithm: ChecksumAlgorithm | null;
  checksumValue: string | null;
}): string {
  const { location, bucket, key, etag, checksumAlgorithm, checksumValue } = result;
  let xml = `${XML_DECLARATION}<CompleteMultipartUploadResult xmlns="${S3_NAMESPACE}">`;
  xml += `<Location>${escapeXml(location)}</Location><Bucket>${bucket}</Bucket><Key>${escapeXml(key)}</Key>`;
  xml += `<ETag>&quot;${etag}&quot;</ETag>`;
  if (checksumAlgorithm !== null && checksumValue !== null) {
    xml += `<Checksum${checksumAlgorithm}>${checksumValue}</Checksum${checksumAlgorithm}>`;
    xml += `<ChecksumType>${checksumTypeOfValue(checksumValue)}</ChecksumType>`;
  }
  return `${xml}</CompleteMultipartUploadResult>`;
}

/**
 * The beginning of a body whose status, 200, has to go before the outcome is known. White space may follow as often as
 * the connection needs it, then comes `restOfDocument` of the result or of an `<Error>`. White space before the
 * declaration would not be XML.
 */
export const DOCUMENT_OPENING = XML_DECLARATION;

/** A document of this package without its beginning. */
export function restOfDocument(xml: string): string {
  return xml.slice(XML_DECLARATION.length);
}
