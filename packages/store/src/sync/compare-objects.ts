/** Whether what two stores have of a key is the same, as far as their listings tell. */

import type { ListedObject } from '../object-store.ts';

/**
 * | compare | the same if |
 * |---|---|
 * | `etag` | sizes and etags are equal: between stores whose etags say the same of the same bytes |
 * | `size` | sizes are equal |
 * | `mtime` | sizes are equal, and the target was written when the source was or later |
 * | `checksum` | sizes are equal, and the bytes: by sums that both services keep of them, else they are read where there is none |
 *
 * When left out: etags that cannot be equal by chance decide if they are equal, and also when they are not if both are MD5s,
 * as S3 has them of objects that were put in one piece; else `mtime`. (With keys of a key service S3's etags look like MD5s, and are
 * none: such buckets need `mtime`.) A change of attributes alone shows by `mtime`, where etags do not decide.
 */
export type Compare = 'etag' | 'size' | 'mtime' | 'checksum';

/** Why an object is copied anew; `same` and `unknown`: it is not, or its bytes have to be looked at. */
export type Difference = 'size' | 'etag' | 'older' | 'same' | 'unknown';

/** What S3 calls an object that was put in one piece; of one in parts, with their number. */
const MD5 = /^[0-9a-f]{32}$/;
const MD5_OF_PARTS = /^[0-9a-f]{32}-\d+$/;

export function difference(
  source: ListedObject,
  target: ListedObject,
  compare: Compare | undefined,
): Difference {
  if (source.size !== target.size) return 'size';
  switch (compare) {
    case 'size':
      return 'same';
    case 'etag':
      return source.etag !== undefined && source.etag === target.etag ? 'same' : 'etag';
    case 'checksum':
      return 'unknown';
    case 'mtime':
      return byTime(source, target);
    case undefined: {
      const etag = source.etag ?? '';
      if (etag === target.etag && (MD5.test(etag) || MD5_OF_PARTS.test(etag))) return 'same';
      if (MD5.test(etag) && MD5.test(target.etag ?? '')) return 'etag';
      return byTime(source, target);
    }
  }
}

function byTime(source: ListedObject, target: ListedObject): Difference {
  return target.lastModified >= source.lastModified ? 'same' : 'older';
}
