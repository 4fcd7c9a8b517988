/**
 * @module The sub-resources of S3 that are not served, and what each is called. A name that ends in `!` is the whole
 * operation's; the others follow the verb and the kind of resource (`Put` + `Bucket` + `Policy`).
 */

export const BUCKET_SUBRESOURCES: ReadonlyMap<string, string> = new Map([
  ['accelerate', 'AccelerateConfiguration'],
  ['acl', 'Acl'],
  ['analytics', 'AnalyticsConfiguration'],
  ['cors', 'Cors'],
  ['encryption', 'Encryption'],
  ['intelligent-tiering', 'IntelligentTieringConfiguration'],
  ['inventory', 'InventoryConfiguration'],
  ['lifecycle', 'LifecycleConfiguration'],
  ['logging', 'Logging'],
  ['metadataConfiguration', 'MetadataConfiguration'],
  ['metadataInventoryTable', 'MetadataInventoryTableConfiguration'],
  ['metadataJournalTable', 'MetadataJournalTableConfiguration'],
  ['metadataTable', 'MetadataTableConfiguration'],
  ['metrics', 'MetricsConfiguration'],
  ['notification', 'NotificationConfiguration'],
  ['object-lock', 'ObjectLockConfiguration'],
  ['ownershipControls', 'OwnershipControls'],
  ['policy', 'Policy'],
  ['policyStatus', 'PolicyStatus'],
  ['publicAccessBlock', 'PublicAccessBlock'],
  ['replication', 'Replication'],
  ['requestPayment', 'RequestPayment'],
  ['session', 'CreateSession!'],
  ['tagging', 'Tagging'],
  ['uploads', 'ListMultipartUploads!'],
  ['versioning', 'Versioning'],
  ['versions', 'ListObjectVersions!'],
  ['website', 'Website'],
]);

export const OBJECT_SUBRESOURCES: ReadonlyMap<string, string> = new Map([
  ['acl', 'Acl'],
  ['append', 'Append'],
  ['attributes', 'Attributes'],
  ['encryption', 'Encryption'],
  ['legal-hold', 'LegalHold'],
  ['partNumber', 'Part'],
  ['renameObject', 'RenameObject!'],
  ['restore', 'RestoreObject!'],
  ['retention', 'Retention'],
  ['select', 'SelectObjectContent!'],
  ['tagging', 'Tagging'],
  ['torrent', 'Torrent'],
  ['uploadId', 'Part'],
  ['uploads', 'CreateMultipartUpload!'],
]);
