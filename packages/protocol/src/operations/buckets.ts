/**
 * @module The documents of the bucket operations: ListBuckets, CreateBucket, GetBucketLocation.
 *
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html, API_CreateBucket.html,
 * API_GetBucketLocation.html.
 */

import { formatIsoDate } from '../dates.ts';
import { S3Error } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';
import type { Query } from '../target.ts';
import { escapeXml, S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';
import { optionalText, parseXml } from '../xml/parse.ts';
import { decodeToken, encodeOwner, encodeToken, parseCount } from './list-objects.ts';

export const MAX_BUCKETS = 10_000;

/** Longer than any region's name. */
const LOCATION_LENGTH_MAX = 64;

export interface ListBucketsInput {
  readonly prefix: string;
  readonly maxBuckets: number;
  readonly after: string;
  /** Only buckets of this region. */
  readonly region: string | undefined;
  /** Whether the prefix is repeated in the answer. */
  readonly hasPrefix: boolean;
}

/** @throws S3Error InvalidArgument */
export function parseListBuckets(query: Query): ListBucketsInput {
  const token = query.get('continuation-token');
  const max = query.get('max-buckets');
  return {
    prefix: query.get('prefix') ?? '',
    maxBuckets:
      max === undefined ? MAX_BUCKETS : parseCount('max-buckets', max, { least: 1, most: MAX_BUCKETS }),
    after: token === undefined ? '' : decodeToken(token),
    region: query.get('bucket-region'),
    hasPrefix: query.has('prefix'),
  };
}

export interface ListBucketsOutput {
  readonly owner: string;
  readonly buckets: readonly { readonly name: string; readonly createdMs: number; readonly region: string }[];
  readonly truncated: boolean;
}

export function encodeListBuckets(input: ListBucketsInput, output: ListBucketsOutput): string {
  let xml = `${XML_DECLARATION}<ListAllMyBucketsResult xmlns="${S3_NAMESPACE}">${encodeOwner(output.owner)}<Buckets>`;
  for (const { name, createdMs, region } of output.buckets) {
    xml += `<Bucket><Name>${escapeXml(name)}</Name><CreationDate>${formatIsoDate(createdMs)}</CreationDate>`;
    xml += `<BucketRegion>${escapeXml(region)}</BucketRegion></Bucket>`;
  }
  xml += '</Buckets>';
  if (input.hasPrefix) xml += `<Prefix>${escapeXml(input.prefix)}</Prefix>`;
  const last = output.buckets.at(-1);
  if (output.truncated && last !== undefined)
    xml += `<ContinuationToken>${encodeToken(last.name)}</ContinuationToken>`;
  return `${xml}</ListAllMyBucketsResult>`;
}

/** Checks the headers of CreateBucket. @throws S3Error NotImplemented, InvalidArgument */
export function checkCreateBucketHeaders(headers: RawHeaders): void {
  const lock = headers.get('x-amz-bucket-object-lock-enabled');
  if (lock !== undefined && lock.toLowerCase() !== 'false') {
    throw new S3Error('NotImplemented', 'Object lock is not implemented.', {
      Header: 'x-amz-bucket-object-lock-enabled',
    });
  }
  const ownership = headers.get('x-amz-object-ownership');
  if (ownership !== undefined && ownership !== 'BucketOwnerEnforced') {
    throw new S3Error('NotImplemented', 'Object ownership is always BucketOwnerEnforced.', {
      Header: 'x-amz-object-ownership',
    });
  }
}

/**
 * Reads the body of CreateBucket; an empty one says nothing. The location must be this server's region.
 *
 * @throws S3Error MalformedXML, NotImplemented, InvalidLocationConstraint, IllegalLocationConstraintException
 */
export function checkCreateBucketBody(body: Buffer, region: string): void {
  if (body.length === 0) return;
  const root = parseXml(body);
  if (root.name !== 'CreateBucketConfiguration' || root.text.trim() !== '') throw new S3Error('MalformedXML');
  for (const { name } of root.children) {
    if (name === 'LocationConstraint') continue;
    const known = name === 'Tags' || name === 'Bucket' || name === 'Location';
    if (known)
      throw new S3Error('NotImplemented', `${name} of CreateBucketConfiguration is not implemented.`);
    throw new S3Error('MalformedXML');
  }
  const location = optionalText(root, 'LocationConstraint')?.trim() ?? '';
  if (location === '' || location === region) return;
  // Cut first: a pattern that repeats itself a million times runs out of stack, and the answer repeats the value.
  const shown = location.slice(0, LOCATION_LENGTH_MAX);
  if (shown !== location || !/^[a-z]{2}(-[a-z]+)+-\d$|^EU$/.test(shown)) {
    throw new S3Error('InvalidLocationConstraint', undefined, { LocationConstraint: shown });
  }
  throw new S3Error(
    'IllegalLocationConstraintException',
    `The ${location} location constraint is incompatible with the region of this server, ${region}.`,
  );
}

/** The classic region is the empty constraint, as in S3. */
export function encodeBucketLocation(region: string): string {
  const open = `${XML_DECLARATION}<LocationConstraint xmlns="${S3_NAMESPACE}"`;
  return region === 'us-east-1' ? `${open}/>` : `${open}>${escapeXml(region)}</LocationConstraint>`;
}
