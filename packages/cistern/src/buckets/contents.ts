/** What is in the way of a bucket's end, counted as far as a person wants to know. */

import { isStoreError } from '@cistern/store';
import type { Snapshot } from '@cistern/store';
import { formatCount } from '../terminal/sizes.ts';
import type { NamedBucket } from './in-bucket.ts';

/** As many as one request lists, about: more is told as that. */
const COUNT_MAX = 1000;

export class Contents {
  objects = 0;
  versions = 0;
  markers = 0;
  snapshots: readonly Snapshot[] = [];
  hasMore = false;

  /** `3 objects, 12 older versions and the snapshot one` */
  toString(): string {
    const { objects, versions, markers, snapshots, hasMore } = this;
    const parts: string[] = [];
    if (objects > 0) parts.push(formatCount(objects, 'object'));
    if (versions > 0) parts.push(formatCount(versions, 'older version'));
    if (markers > 0) parts.push(formatCount(markers, 'delete marker'));
    if (hasMore) parts.push('more');
    const names = snapshots.map(({ name }) => name).join(', ');
    if (names !== '') parts.push(`the snapshot${snapshots.length === 1 ? '' : 's'} ${names}`);
    if (parts.length === 0)
      return 'nothing that is listed: unfinished uploads, or what these keys may not see';
    const last = parts.pop() ?? '';
    return parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
  }
}

export async function contentsOf({ service, bucket }: NamedBucket, signal: AbortSignal): Promise<Contents> {
  const contents = new Contents();
  const features = service.features(bucket);
  try {
    contents.snapshots = await features.listSnapshots({ signal });
  } catch (error) {
    if (!isStoreError(error, 'Unsupported')) throw error;
  }
  try {
    for await (const { isLatest, isDeleteMarker } of features.listVersions({ signal })) {
      if (isDeleteMarker) contents.markers++;
      else if (isLatest) contents.objects++;
      else contents.versions++;
      contents.hasMore = contents.objects + contents.versions + contents.markers > COUNT_MAX;
      if (contents.hasMore) break;
    }
  } catch (error) {
    if (!isStoreError(error, 'Unsupported')) throw error;
    for await (const _ of service.bucket(bucket).keys({ signal })) {
      contents.hasMore = ++contents.objects > COUNT_MAX;
      if (contents.hasMore) break;
    }
  }
  return contents;
}
