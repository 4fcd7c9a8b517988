/**
 * @module CopyObject: its source, its directives, its result.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html.
 */

import { parseChecksumAlgorithm } from '../checksums/algorithm.ts';
import type { ChecksumAlgorithm } from '../checksums/algorithm.ts';
import { checksumTypeOfValue } from '../checksums/checksum-type.ts';
import { parseReadConditions } from '../conditions.ts';
import type { ReadConditions } from '../conditions.ts';
import { formatIsoDate } from '../dates.ts';
import { invalidArgument } from '../errors.ts';
import type { S3Error } from '../errors.ts';
import { readVersionId } from '../ids.ts';
import type { VersionId } from '../ids.ts';
import type { RawHeaders } from '../raw-headers.ts';
import { isLooseInSignature } from '../sigv4/canonical-request.ts';
import { checkKeyLength, decodeKeyText } from '../target.ts';
import { S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';

export interface CopyInput {
  readonly sourceBucket: string;
  readonly sourceKey: string;
  /** Undefined: the current one. */
  readonly sourceVersion: VersionId | undefined;
  readonly sourceConditions: ReadConditions;
  readonly replaceMetadata: boolean;
  readonly replaceTags: boolean;
  readonly sourceExpectedOwner: string | undefined;
  /** The checksum that the copy shall have; undefined: that of the source. */
  readonly checksumAlgorithm: ChecksumAlgorithm | undefined;
}

/** @throws S3Error InvalidArgument, KeyTooLongError, InvalidRequest */
export function parseCopy(headers: RawHeaders): CopyInput {
  const { bucket, key, version } = parseCopySource(headers.get('x-amz-copy-source') ?? '');
  const algorithm = headers.get('x-amz-checksum-algorithm');
  const checksumAlgorithm = algorithm === undefined ? undefined : parseChecksumAlgorithm(algorithm);
  return {
    sourceBucket: bucket,
    sourceKey: key,
    sourceVersion: version,
    sourceConditions: parseReadConditions(headers, 'x-amz-copy-source-'),
    replaceMetadata: parseDirective(headers, 'x-amz-metadata-directive'),
    replaceTags: parseDirective(headers, 'x-amz-tagging-directive'),
    sourceExpectedOwner: headers.get('x-amz-source-expected-bucket-owner'),
    checksumAlgorithm,
  };
}

function parseCopySource(value: string): {
  bucket: string;
  key: string;
  version: VersionId | undefined;
} {
  const invalid = (): S3Error =>
    invalidArgument(
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      'x-amz-copy-source',
      value,
    );
  if (isLooseInSignature(value)) throw invalid();
  const mark = value.indexOf('?versionId=');
  const version = readVersionId(mark === -1 ? undefined : value.slice(mark + '?versionId='.length));
  const path = decodeKeyText(mark === -1 ? value : value.slice(0, mark));
  if (path === undefined) throw invalid();
  const start = path.startsWith('/') ? 1 : 0;
  const slash = path.indexOf('/', start);
  if (slash <= start || slash === path.length - 1) throw invalid();
  const key = path.slice(slash + 1);
  checkKeyLength(key);
  return { bucket: path.slice(start, slash), key, version };
}

function parseDirective(headers: RawHeaders, name: string): boolean {
  const value = headers.get(name);
  if (value === undefined || value === 'COPY') return false;
  if (value === 'REPLACE') return true;
  const kind = name.includes('tagging') ? 'tagging' : 'metadata';
  throw invalidArgument(`Unknown ${kind} directive.`, name, value);
}

export function encodeCopyResult(result: {
  etag: string;
  modifiedMs: number;
  checksumAlgorithm: string | null;
  checksumValue: string | null;
}): string {
  const { etag, modifiedMs, checksumAlgorithm, checksumValue } = result;
  let xml = `${XML_DECLARATION}<CopyObjectResult xmlns="${S3_NAMESPACE}">`;
  xml += `<LastModified>${formatIsoDate(modifiedMs)}</LastModified><ETag>&quot;${etag}&quot;</ETag>`;
  if (checksumAlgorithm !== null && checksumValue !== null) {
    xml += `<Checksum${checksumAlgorithm}>${checksumValue}</Checksum${checksumAlgorithm}>`;
    xml += `<ChecksumType>${checksumTypeOfValue(checksumValue)}</ChecksumType>`;
  }
  return `${xml}</CopyObjectResult>`;
}
