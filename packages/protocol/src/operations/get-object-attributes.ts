/**
 * @module GetObjectAttributes: which attributes are asked for, and how they are told.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html. The ETag has no quotes here.
 * The number of all parts is called PartsCount on the wire, TotalPartsCount in the SDKs. Parts are told of every
 * multipart object, also when it has no checksum: S3 tells only their number then.
 */

import { checksumTypeOfValue } from '../checksums/checksum-type.ts';
import { invalidArgument } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';
import { escapeXml, S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';
import { parseCount } from './list-objects.ts';

const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'] as const;

export type ObjectAttribute = (typeof ATTRIBUTES)[number];

const PARTS_MAX = 1000;

export interface GetObjectAttributesInput {
  readonly attributes: ReadonlySet<ObjectAttribute>;
  /** A page never has more than 1,000. */
  readonly maxParts: number;
  /** Parts after this one. */
  readonly partNumberMarker: number;
}

/** @throws S3Error InvalidArgument */
export function parseGetObjectAttributes(headers: RawHeaders): GetObjectAttributesInput {
  const count = (name: string, fallback: number): number => {
    const value = headers.get(name);
    return value === undefined ? fallback : parseCount(name, value, { least: 0, most: 2 ** 31 - 1 });
  };
  return {
    attributes: parseAttributeNames(headers.get('x-amz-object-attributes') ?? ''),
    maxParts: Math.min(count('x-amz-max-parts', PARTS_MAX), PARTS_MAX),
    partNumberMarker: count('x-amz-part-number-marker', 0),
  };
}

/** Names separated by commas: of several headers, too. */
function parseAttributeNames(value: string): ReadonlySet<ObjectAttribute> {
  return new Set(
    value.split(',').map((text) => {
      const known = ATTRIBUTES.find((name) => name === text.trim());
      if (known === undefined)
        throw invalidArgument('Invalid attribute name specified.', 'x-amz-object-attributes', value);
      return known;
    }),
  );
}

export interface AttributePart {
  readonly number: number;
  readonly size: number;
  /** Base64. */
  readonly checksumValue: string | null;
}

export interface GetObjectAttributesOutput {
  /** Without quotes. */
  readonly etag: string;
  readonly size: number;
  readonly storageClass: string;
  readonly checksumAlgorithm: string | null;
  readonly checksumValue: string | null;
  /** Null: not a multipart object. */
  readonly parts: {
    readonly total: number;
    readonly page: readonly AttributePart[];
    readonly truncated: boolean;
  } | null;
}

export function encodeGetObjectAttributes(
  input: GetObjectAttributesInput,
  output: GetObjectAttributesOutput,
): string {
  const { attributes } = input;
  const { checksumAlgorithm, checksumValue } = output;
  let xml = `${XML_DECLARATION}<GetObjectAttributesResponse xmlns="${S3_NAMESPACE}">`;
  if (attributes.has('ETag')) xml += `<ETag>${escapeXml(output.etag)}</ETag>`;
  if (attributes.has('Checksum') && checksumAlgorithm !== null && checksumValue !== null) {
    // Here, and only here, S3 tells a composite value without the number of parts: ObjectParts has that.
    const [value = ''] = checksumValue.split('-');
    xml += `<Checksum>${encodeChecksum(checksumAlgorithm, value)}`;
    xml += `<ChecksumType>${checksumTypeOfValue(checksumValue)}</ChecksumType></Checksum>`;
  }
  if (attributes.has('ObjectParts') && output.parts !== null)
    xml += encodeParts(input, output.parts, checksumAlgorithm);
  if (attributes.has('StorageClass')) xml += `<StorageClass>${output.storageClass}</StorageClass>`;
  if (attributes.has('ObjectSize')) xml += `<ObjectSize>${output.size}</ObjectSize>`;
  return `${xml}</GetObjectAttributesResponse>`;
}

function encodeParts(
  { maxParts, partNumberMarker }: GetObjectAttributesInput,
  { total, page, truncated }: NonNullable<GetObjectAttributesOutput['parts']>,
  algorithm: string | null,
): string {
  const next = page.at(-1)?.number ?? 0;
  let xml = `<ObjectParts><PartsCount>${total}</PartsCount><PartNumberMarker>${partNumberMarker}</PartNumberMarker>`;
  xml += `<NextPartNumberMarker>${next}</NextPartNumberMarker><MaxParts>${maxParts}</MaxParts>`;
  xml += `<IsTruncated>${truncated}</IsTruncated>`;
  for (const { number, size, checksumValue } of page) {
    xml += `<Part><PartNumber>${number}</PartNumber><Size>${size}</Size>`;
    if (algorithm !== null && checksumValue !== null) xml += encodeChecksum(algorithm, checksumValue);
    xml += '</Part>';
  }
  return `${xml}</ObjectParts>`;
}

function encodeChecksum(algorithm: string, value: string): string {
  return `<Checksum${algorithm}>${value}</Checksum${algorithm}>`;
}
