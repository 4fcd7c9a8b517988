/** What a request says that is stored with the object it makes, read before its body is asked for. */

import { checkAcl, parseAttributes, parseStorageClass, parseTagging } from '@cistern/protocol';
import type { RawHeaders, Tag } from '@cistern/protocol';
import type { VersionAttributes } from '../catalog/catalog.ts';

/** @throws S3Error as the parsers of its headers */
export function parseStoredHeaders(
  headers: RawHeaders,
): Pick<VersionAttributes, 'attributes' | 'tags' | 'storageClass'> {
  checkAcl(headers);
  return {
    attributes: JSON.stringify(parseAttributes(headers)),
    tags: encodeTags(parseTagging(headers.get('x-amz-tagging'))),
    storageClass: parseStorageClass(headers.get('x-amz-storage-class')),
  };
}

/** JSON as the catalog keeps it; null: none. */
export function encodeTags(tags: readonly Tag[]): string | null {
  return tags.length === 0 ? null : JSON.stringify(tags);
}
