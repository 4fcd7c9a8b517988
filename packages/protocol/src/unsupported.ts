/**
 * @module The sub-resources of S3 that are not served, and what their operations are called.
 *
 * In a name, `*` stands for the verb that the method gives. The operations that break the pattern stand by themselves.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html.
 */

import type { Query } from './target.ts';

export const UNSUPPORTED_OF_BUCKET: ReadonlyMap<string, string> = new Map([
  ['abac', '*BucketAbac'],
  ['accelerate', '*BucketAccelerateConfiguration'],
  ['acl', '*BucketAcl'],
  ['analytics', '*BucketAnalyticsConfiguration'],
  ['cors', '*BucketCors'],
  ['encryption', '*BucketEncryption'],
  ['intelligent-tiering', '*BucketIntelligentTieringConfiguration'],
  ['inventory', '*BucketInventoryConfiguration'],
  ['lifecycle', '*BucketLifecycleConfiguration'],
  ['logging', '*BucketLogging'],
  ['metadataAnnotationTable', 'UpdateBucketMetadataAnnotationTableConfiguration'],
  ['metadataConfiguration', '*BucketMetadataConfiguration'],
  ['metadataInventoryTable', 'UpdateBucketMetadataInventoryTableConfiguration'],
  ['metadataJournalTable', 'UpdateBucketMetadataJournalTableConfiguration'],
  ['metadataTable', '*BucketMetadataTableConfiguration'],
  ['metrics', '*BucketMetricsConfiguration'],
  ['notification', '*BucketNotificationConfiguration'],
  ['object-lock', '*ObjectLockConfiguration'],
  ['ownershipControls', '*BucketOwnershipControls'],
  ['policy', '*BucketPolicy'],
  ['policyStatus', '*BucketPolicyStatus'],
  ['publicAccessBlock', '*PublicAccessBlock'],
  ['replication', '*BucketReplication'],
  ['requestPayment', '*BucketRequestPayment'],
  ['session', 'CreateSession'],
  ['website', '*BucketWebsite'],
]);

export const UNSUPPORTED_OF_OBJECT: ReadonlyMap<string, string> = new Map([
  ['acl', '*ObjectAcl'],
  ['annotation', '*ObjectAnnotation'],
  ['append', '*ObjectAppend'],
  ['encryption', 'UpdateObjectEncryption'],
  ['legal-hold', '*ObjectLegalHold'],
  ['retention', '*ObjectRetention'],
  ['select', 'SelectObjectContent'],
  ['torrent', '*ObjectTorrent'],
]);

const VERBS: Readonly<Record<string, string>> = {
  GET: 'Get',
  HEAD: 'Get',
  PUT: 'Put',
  POST: 'Create',
  DELETE: 'Delete',
};

/** Those of which there may be several: a GET that names none, by the parameter given here, lists them. */
const LISTED: ReadonlyMap<string, string> = new Map([
  ['analytics', 'id'],
  ['annotation', 'annotationName'],
  ['intelligent-tiering', 'id'],
  ['inventory', 'id'],
  ['metrics', 'id'],
]);

/** S3's name of an operation on a sub-resource, for messages and metrics: `PutBucketPolicy`. */
export function unsupportedName(
  method: string,
  subresources: ReadonlyMap<string, string>,
  subresource: string,
  query: Query,
): string {
  // It alone is set under one name and deleted under another.
  if (method === 'DELETE' && subresource === 'lifecycle') return 'DeleteBucketLifecycle';
  const name = subresources.get(subresource) ?? subresource;
  const selector = LISTED.get(subresource);
  if (method === 'GET' && selector !== undefined && !query.has(selector)) {
    return `${name.replace('*', 'List')}s`;
  }
  return name.replace('*', VERBS[method] ?? method);
}
