/**
 * @module Nothing is silently ignored: a query parameter or an `x-amz-*` header that an operation does not serve is
 * refused by name.
 */

import { invalidArgument, S3Error } from './errors.ts';
import { KNOWN_HEADERS, takesMetadata } from './known-headers.ts';
import { KNOWN_PARAMETERS } from './known-parameters.ts';
import type { S3OperationName } from './operation.ts';
import { headerOfParameter, isSignatureParameter } from './presigned-headers.ts';
import type { RawHeaders } from './raw-headers.ts';
import type { Query } from './target.ts';

/**
 * Refuses what the operation does not know, and a parameter that is given twice with different values: one of them would
 * be ignored, and which one may be chosen by whoever has the URL, for a signature covers no order. Parameters that begin with `x-` are for the client's own use, as on S3,
 * unless they are Amazon's or ours: those of a presigned URL are its signature, or headers that stand in the query.
 *
 * @param requestHeaders with those that a presigned URL carries (`withPresignedHeaders`)
 * @throws S3Error NotImplemented, InvalidArgument
 */
export function refuseUnknown(operation: S3OperationName, query: Query, requestHeaders: RawHeaders): void {
  const presigned = query.has('X-Amz-Signature');
  for (const [name, value] of query.entries()) {
    if (KNOWN_PARAMETERS[operation].includes(name)) {
      if (query.get(name) === value) continue;
      throw invalidArgument('The query parameter is given twice, with different values.', name, value);
    }
    if (isSignatureParameter(name)) continue;
    const lower = name.toLowerCase();
    if (lower.startsWith('x-amz-') || lower.startsWith('x-cistern-')) {
      const header = presigned ? headerOfParameter(name, value) : lower;
      if (header === undefined || (presigned && requestHeaders.has(header))) continue;
    } else if (name.startsWith('x-')) {
      continue;
    }
    throw new S3Error('NotImplemented', `The query parameter ${name} is not implemented for ${operation}.`);
  }
  const known = KNOWN_HEADERS[operation];
  for (const name of requestHeaders.names()) {
    if (!name.startsWith('x-amz-') && !name.startsWith('x-cistern-')) continue;
    if (known.has(name) || (name.startsWith('x-amz-meta-') && takesMetadata(operation))) continue;
    throw new S3Error('NotImplemented', `The header ${name} is not implemented for ${operation}.`, {
      Header: name,
    });
  }
}

/** Canned ACLs of S3; the served ones say what is so in any case: an object belongs to its bucket's owner alone. */
const CANNED_ACLS = new Set([
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'log-delivery-write',
]);

/** @throws S3Error NotImplemented, InvalidArgument */
export function checkAcl(requestHeaders: RawHeaders): void {
  const acl = requestHeaders.get('x-amz-acl');
  if (acl === undefined || acl === 'private' || acl === 'bucket-owner-full-control') return;
  if (CANNED_ACLS.has(acl)) {
    throw new S3Error(
      'NotImplemented',
      `The ACL ${acl} is not implemented: buckets and objects are private.`,
    );
  }
  throw invalidArgument('The canned ACL is not one of those that S3 defines.', 'x-amz-acl', acl);
}
