/** What all that is done to an upload has in common: that it is open, and where the bytes of its parts stand meanwhile. */

import { CatalogError } from '../../../errors.ts';
import type { Upload, UploadName } from '../../../uploads.ts';
import { PART_BITS } from '../../upload-statements.ts';
import type { WriteContext } from '../context.ts';

/** Where the first byte of a part stands in the manifest of an open upload. */
export const partStart = (number: number): number => number * 2 ** PART_BITS;

/** @throws CatalogError NoSuchUpload */
export function requireOpenUpload({ uploadReader }: WriteContext, name: UploadName): Upload {
  const upload = uploadReader.findUpload(name);
  if (upload?.state !== 'open')
    throw new CatalogError('NoSuchUpload', 'There is no such upload, or it has ended');
  return upload;
}
