/**
 * @module From a request to the S3 operation that it asks for: a closed union.
 *
 * Routing only: what the operation's headers and parameters say is read by its own file, after authorization.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html.
 */

import { S3Error } from './errors.ts';
import type { RawHeaders } from './raw-headers.ts';
import { preflightRefusal } from './operations/preflight.ts';
import { outlineTarget, parseTarget } from './target.ts';
import type { Query, Target } from './target.ts';
import { BUCKET_SUBRESOURCES, OBJECT_SUBRESOURCES, unsupportedName } from './unsupported.ts';

interface Routed {
  readonly query: Query;
}
interface BucketRouted extends Routed {
  readonly bucket: string;
}
interface ObjectRouted extends BucketRouted {
  readonly key: string;
}

/** One member for each name, so that a name narrows the union. */
type Named<N extends string, T> = N extends N ? { readonly name: N } & T : never;

export type ServiceOperationName = 'ListBuckets';
export type BucketOperationName =
  | 'CreateBucket'
  | 'HeadBucket'
  | 'DeleteBucket'
  | 'GetBucketLocation'
  | 'ListObjects'
  | 'ListObjectsV2'
  | 'DeleteObjects';
export type ObjectOperationName = 'PutObject' | 'CopyObject' | 'GetObject' | 'HeadObject' | 'DeleteObject';

export type S3Operation =
  | Named<ServiceOperationName, Routed>
  | Named<BucketOperationName, BucketRouted>
  | Named<ObjectOperationName, ObjectRouted>
  /** An operation of S3's that is not served: `operation` is its name. */
  | { readonly name: 'Unsupported'; readonly operation: string };

export type S3OperationName = Exclude<S3Operation['name'], 'Unsupported'>;

export interface OperationRequest {
  readonly method: string;
  /** path and query exactly as on the request line (latin1) */
  readonly target: string;
  readonly headers: RawHeaders;
  /** names under which `<bucket>.<name>` addresses a bucket */
  readonly domains: readonly string[];
}

/** Those that S3 knows; OPTIONS has been answered before. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE']);

/** @throws S3Error as `parseTarget`, MethodNotAllowed, InvalidRequest, and the refusal of a CORS preflight */
export function parseOperation(request: OperationRequest): S3Operation {
  const { method, headers } = request;
  // RFC 9112, 3.2: whatever stands before the server may have heeded the other one.
  if (headers.all('host').length > 1)
    throw new S3Error('InvalidRequest', 'There is more than one Host header.');
  const target = parseTarget(request.target, headers.get('host'), request.domains);
  if (method === 'OPTIONS' && target.bucket !== undefined) {
    throw preflightRefusal(headers, target.key === undefined ? 'BUCKET' : 'OBJECT');
  }
  return route(method, target, headers);
}

/** The operation that `parseOperation` refused, for logs and metrics; undefined when it cannot be told. */
export function refusedOperation({ method, target, headers, domains }: OperationRequest): string | undefined {
  const outline = outlineTarget(target, headers.get('host'), domains);
  if (outline === undefined) return undefined;
  if (method === 'OPTIONS') return outline.bucket === undefined ? undefined : 'Preflight';
  try {
    return operationName(route(method, outline, headers));
  } catch {
    return undefined;
  }
}

/** Its name in S3's API, also when it is not served. */
export function operationName(operation: S3Operation): string {
  return operation.name === 'Unsupported' ? operation.operation : operation.name;
}

/** @throws S3Error MethodNotAllowed */
function route(method: string, { bucket, key, query }: Target, headers: RawHeaders): S3Operation {
  // Also with a sub-resource: operations name time series, and nobody may make up thousands of names.
  if (!METHODS.has(method)) throw new S3Error('MethodNotAllowed', undefined, { Method: method });
  if (bucket === undefined) return serviceOperation(method, query);
  if (key === undefined) return bucketOperation(method, bucket, query);
  return objectOperation(method, bucket, key, query, headers);
}

const unsupported = (operation: string): S3Operation => ({ name: 'Unsupported', operation });

function serviceOperation(method: string, query: Query): S3Operation {
  if (method === 'GET') return { name: 'ListBuckets', query };
  throw new S3Error('MethodNotAllowed', undefined, { Method: method, ResourceType: 'SERVICE' });
}

function bucketOperation(method: string, bucket: string, query: Query): S3Operation {
  const names = query.names();
  const subresource = names.find((name) => BUCKET_SUBRESOURCES.has(name));
  if (subresource !== undefined)
    return unsupported(unsupportedName(method, BUCKET_SUBRESOURCES, subresource, query));
  switch (method) {
    case 'GET':
      if (query.has('location')) return { name: 'GetBucketLocation', bucket, query };
      return { name: query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects', bucket, query };
    case 'PUT':
      return { name: 'CreateBucket', bucket, query };
    case 'HEAD':
      return { name: 'HeadBucket', bucket, query };
    case 'DELETE':
      return { name: 'DeleteBucket', bucket, query };
    case 'POST':
      return query.has('delete') ? { name: 'DeleteObjects', bucket, query } : unsupported('PostObject');
    default:
      throw new S3Error('MethodNotAllowed', undefined, { Method: method, ResourceType: 'BUCKET' });
  }
}

function objectOperation(
  method: string,
  bucket: string,
  key: string,
  query: Query,
  headers: RawHeaders,
): S3Operation {
  const subresource = query.names().find((name) => OBJECT_SUBRESOURCES.has(name));
  if (subresource !== undefined) {
    const copies = headers.has('x-amz-copy-source');
    if (subresource === 'partNumber' || subresource === 'uploadId')
      return unsupported(multipartName(method, query, copies));
    return unsupported(unsupportedName(method, OBJECT_SUBRESOURCES, subresource, query));
  }
  switch (method) {
    case 'GET':
      return { name: 'GetObject', bucket, key, query };
    case 'HEAD':
      return { name: 'HeadObject', bucket, key, query };
    case 'PUT':
      return { name: headers.has('x-amz-copy-source') ? 'CopyObject' : 'PutObject', bucket, key, query };
    case 'DELETE':
      return { name: 'DeleteObject', bucket, key, query };
    default:
      throw new S3Error('MethodNotAllowed', undefined, { Method: method, ResourceType: 'OBJECT' });
  }
}

function multipartName(method: string, query: Query, copies: boolean): string {
  if (method === 'HEAD') return 'HeadObject with partNumber';
  if (method === 'GET' && !query.has('uploadId')) return 'GetObject with partNumber';
  switch (method) {
    case 'PUT':
      return copies ? 'UploadPartCopy' : 'UploadPart';
    case 'POST':
      return 'CompleteMultipartUpload';
    case 'DELETE':
      return 'AbortMultipartUpload';
    default:
      return 'ListParts';
  }
}
