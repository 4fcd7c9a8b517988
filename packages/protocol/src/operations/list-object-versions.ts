/**
 * @module ListObjectVersions: its parameters and its XML.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html. Versions and delete markers
 * stand in one order: by key, the newest of a key first.
 */

import { formatIsoDate } from '../dates.ts';
import { invalidArgument } from '../errors.ts';
import { readVersionId } from '../ids.ts';
import type { VersionId } from '../ids.ts';
import { encodeKey } from '../sigv4/uri-encode.ts';
import type { Query } from '../target.ts';
import { escapeXml, S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';
import { encodeOwner, listedEncoder, parseEncodingType, parseMaxKeys } from './list-objects.ts';
import type { ListedObject } from './list-objects.ts';

export interface ListObjectVersionsInput {
  readonly prefix: string;
  /** Empty: none. */
  readonly delimiter: string;
  /** As the request said; a page never has more than MAX_KEYS. */
  readonly maxKeys: number;
  readonly encodeUrl: boolean;
  /** After this key, or with `versionMarker` after that version of it. */
  readonly keyMarker: string;
  readonly versionMarker: VersionId | undefined;
  /** As it was sent, to be repeated. */
  readonly versionIdMarker: string;
}

/** @throws S3Error InvalidArgument */
export function parseListObjectVersions(query: Query): ListObjectVersionsInput {
  const keyMarker = query.get('key-marker') ?? '';
  const versionIdMarker = query.get('version-id-marker') ?? '';
  const input = {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    maxKeys: parseMaxKeys(query.get('max-keys')),
    encodeUrl: parseEncodingType(query.get('encoding-type')),
    keyMarker,
    versionIdMarker,
  };
  if (versionIdMarker === '') {
    if (keyMarker !== '' && query.has('version-id-marker'))
      throw invalidArgument('A version-id marker cannot be empty.', 'version-id-marker', '');
    return { ...input, versionMarker: undefined };
  }
  if (keyMarker === '') {
    throw invalidArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
      versionIdMarker,
    );
  }
  return { ...input, versionMarker: readVersionId(versionIdMarker, 'version-id-marker') };
}

/** Of a delete marker only key, version, date and owner are told. */
export interface ListedVersion extends ListedObject {
  readonly deleteMarker: boolean;
  /** Whether it is the newest of its key. */
  readonly latest: boolean;
}

export interface ListObjectVersionsOutput<V extends ListedVersion = ListedVersion> {
  readonly bucket: string;
  /** Of the bucket and of all that is in it. */
  readonly owner: string;
  readonly versions: readonly V[];
  readonly versionId: (version: V) => string;
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  /** The last entry of the page: a version, or a common prefix, which has no version id. */
  readonly last: { readonly key: string; readonly versionId: string | undefined };
}

export function encodeListObjectVersions<V extends ListedVersion>(
  input: ListObjectVersionsInput,
  output: ListObjectVersionsOutput<V>,
): string {
  const text = input.encodeUrl ? encodeKey : escapeXml;
  let xml = `${XML_DECLARATION}<ListVersionsResult xmlns="${S3_NAMESPACE}"><Name>${output.bucket}</Name>`;
  xml += `<Prefix>${text(input.prefix)}</Prefix><KeyMarker>${text(input.keyMarker)}</KeyMarker>`;
  xml += `<VersionIdMarker>${escapeXml(input.versionIdMarker)}</VersionIdMarker>`;
  if (output.truncated) {
    const { key, versionId } = output.last;
    xml += `<NextKeyMarker>${text(key)}</NextKeyMarker>`;
    if (versionId !== undefined) xml += `<NextVersionIdMarker>${versionId}</NextVersionIdMarker>`;
  }
  xml += `<MaxKeys>${input.maxKeys}</MaxKeys>`;
  if (input.delimiter !== '') xml += `<Delimiter>${text(input.delimiter)}</Delimiter>`;
  if (input.encodeUrl) xml += '<EncodingType>url</EncodingType>';
  xml += `<IsTruncated>${output.truncated}</IsTruncated>`;
  const owner = encodeOwner(output.owner);
  const encode = listedEncoder(owner);
  for (const version of output.versions) {
    const element = version.deleteMarker ? 'DeleteMarker' : 'Version';
    xml += `<${element}><Key>${text(version.key)}</Key><VersionId>${output.versionId(version)}</VersionId>`;
    xml += version.latest ? '<IsLatest>true</IsLatest>' : '<IsLatest>false</IsLatest>';
    xml += version.deleteMarker
      ? `<LastModified>${formatIsoDate(version.modifiedMs)}</LastModified>${owner}`
      : encode(version);
    xml += `</${element}>`;
  }
  for (const prefix of output.commonPrefixes)
    xml += `<CommonPrefixes><Prefix>${text(prefix)}</Prefix></CommonPrefixes>`;
  return `${xml}</ListVersionsResult>`;
}
