/**
 * @module From a request to the S3 operation that it asks for: a closed union.
 *
 * Routing only: what the operation's headers and parameters say is read by its own file, after authorization.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html.
 */

import { invalidArgument, S3Error } from './errors.ts';
import type { RawHeaders } from './raw-headers.ts';
import { preflightRefusal } from './operations/preflight.ts';
import { BUCKET_SUBRESOURCES, OBJECT_SUBRESOURCES } from './subresources.ts';
import { authorityOf, outlineTarget, parseTarget } from './target.ts';
import type { Query, Target } from './target.ts';
import { UNSUPPORTED_OF_BUCKET, UNSUPPORTED_OF_OBJECT, unsupportedName } from './unsupported.ts';

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
  | 'GetBucketTagging'
  | 'PutBucketTagging'
  | 'DeleteBucketTagging'
  | 'GetBucketVersioning'
  | 'PutBucketVersioning'
  | 'ListObjects'
  | 'ListObjectsV2'
  | 'ListObjectVersions'
  | 'ListMultipartUploads'
  | 'DeleteObjects'
  | 'CreateSnapshot'
  | 'DeleteSnapshot'
  | 'ListSnapshots'
  | 'ForkBucket';
export type ObjectOperationName =
  | 'PutObject'
  | 'CopyObject'
  | 'RenameObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'GetObjectAttributes'
  | 'GetObjectTagging'
  | 'PutObjectTagging'
  | 'DeleteObjectTagging'
  | 'RestoreObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListParts'
  | 'ReadUpload'
  | 'HeadUpload'
  | 'ResumeUpload'
  | 'ListKeyUploads';

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

/** @throws S3Error as `parseTarget`, MethodNotAllowed, InvalidRequest (hosts that clash), InvalidArgument (sub-resources that clash), and the refusal of a CORS preflight */
export function parseOperation(request: OperationRequest): S3Operation {
  const { method, headers } = request;
  // RFC 9112, 3.2: whatever stands before the server may have heeded the other one.
  if (headers.all('host').length > 1)
    throw new S3Error('InvalidRequest', 'There is more than one Host header.');
  const authority = authorityOf(request.target);
  if (authority !== undefined && authority.toLowerCase() !== headers.get('host')?.toLowerCase())
    throw new S3Error('InvalidRequest', 'The request line and the Host header name different hosts.');
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
  return notAllowed(method, 'SERVICE');
}

function bucketOperation(method: string, bucket: string, query: Query): S3Operation {
  const subresource = onlySubresource(query, BUCKET_SUBRESOURCES, UNSUPPORTED_OF_BUCKET);
  if (subresource !== undefined) {
    const methods = BUCKET_SUBRESOURCES.get(subresource);
    if (methods === undefined)
      return unsupported(unsupportedName(method, UNSUPPORTED_OF_BUCKET, subresource, query));
    return { name: methods[method] ?? notAllowed(method, 'BUCKET'), bucket, query };
  }
  switch (method) {
    case 'GET':
      return { name: query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects', bucket, query };
    case 'PUT':
      return { name: 'CreateBucket', bucket, query };
    case 'HEAD':
      return { name: 'HeadBucket', bucket, query };
    case 'DELETE':
      return { name: 'DeleteBucket', bucket, query };
    case 'POST':
      return unsupported('PostObject');
    default:
      return notAllowed(method, 'BUCKET');
  }
}

function objectOperation(
  method: string,
  bucket: string,
  key: string,
  query: Query,
  headers: RawHeaders,
): S3Operation {
  const copies = headers.has('x-amz-copy-source');
  let subresource = onlySubresource(query, OBJECT_SUBRESOURCES, UNSUPPORTED_OF_OBJECT);
  // A part whose upload is not named: it must not become the object.
  if (subresource === undefined && method === 'PUT' && query.has('partNumber')) subresource = 'uploadId';
  if (subresource !== undefined) {
    const methods = OBJECT_SUBRESOURCES.get(subresource);
    if (methods === undefined)
      return unsupported(unsupportedName(method, UNSUPPORTED_OF_OBJECT, subresource, query));
    const name = methods[method] ?? notAllowed(method, 'OBJECT');
    return { name: name === 'UploadPart' && copies ? 'UploadPartCopy' : name, bucket, key, query };
  }
  switch (method) {
    case 'GET':
      return { name: 'GetObject', bucket, key, query };
    case 'HEAD':
      return { name: 'HeadObject', bucket, key, query };
    case 'PUT':
      return { name: copies ? 'CopyObject' : 'PutObject', bucket, key, query };
    case 'DELETE':
      return { name: 'DeleteObject', bucket, key, query };
    default:
      return notAllowed(method, 'OBJECT');
  }
}

/**
 * The sub-resource that the query names; undefined: none. Of several nobody can say which one was meant.
 *
 * @throws S3Error InvalidArgument
 */
function onlySubresource(
  query: Query,
  served: ReadonlyMap<string, unknown>,
  others: ReadonlyMap<string, unknown>,
): string | undefined {
  let found: string | undefined;
  for (const [name] of query.entries()) {
    if (name === found || !(served.has(name) || others.has(name))) continue;
    if (found !== undefined) {
      const [first = '', second = ''] = [found, name].sort();
      throw invalidArgument(
        `Conflicting query string parameters: ${first}, ${second}`,
        'ResourceType',
        first,
      );
    }
    found = name;
  }
  return found;
}

function notAllowed(method: string, resourceType: 'SERVICE' | 'BUCKET' | 'OBJECT'): never {
  throw new S3Error('MethodNotAllowed', undefined, { Method: method, ResourceType: resourceType });
}
