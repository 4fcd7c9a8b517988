/** @module What listings must show of the model, as lines of text in their order. */

import { compareUtf8 } from '../properties/listing-model.ts';
import type { Data, ModelBucket, Version } from './model.ts';

export interface Listing {
  readonly prefix: string;
  /** Empty: none. */
  readonly delimiter: string;
  /** Only what comes after it: a common prefix that it lies in does not. Default: from the start. */
  readonly after?: string;
}

export interface Entry {
  readonly name: string;
  /** Undefined: a common prefix. */
  readonly version?: Version;
  readonly latest?: boolean;
}

/** The entry of a key, or the common prefix that stands for it; undefined: it is not asked for. */
function entryName(
  key: string,
  { prefix, delimiter }: Listing,
): { name: string; grouped: boolean } | undefined {
  if (!key.startsWith(prefix)) return undefined;
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return at < 0
    ? { name: key, grouped: false }
    : { name: key.slice(0, at + delimiter.length), grouped: true };
}

/** @param versions of each key those that are shown, the latest first */
function entries(versions: ReadonlyMap<string, readonly Version[]>, listing: Listing): Entry[] {
  const all: Entry[] = [];
  for (const key of [...versions.keys()].sort(compareUtf8)) {
    const entry = entryName(key, listing);
    if (entry === undefined || compareUtf8(entry.name, listing.after ?? '') <= 0) continue;
    const { name, grouped } = entry;
    if (!grouped)
      all.push(...(versions.get(key) ?? []).map((version, i) => ({ name, version, latest: i === 0 })));
    else if (all.at(-1)?.name !== name || all.at(-1)?.version !== undefined) all.push({ name });
  }
  return all;
}

/** ListObjects: current versions that are no delete markers. */
export function listedObjects(objects: ReadonlyMap<string, Data>, listing: Listing): Entry[] {
  return entries(new Map([...objects].map(([key, data]) => [key, [data]])), listing);
}

/** ListObjectVersions. */
export function listedVersions(bucket: ModelBucket, listing: Listing): Entry[] {
  return entries(bucket.keys, listing);
}

/** As the steps write what the server has listed. */
export function lineOf({ name, version, latest }: Entry, withId: boolean): string {
  if (version === undefined) return `${name} …`;
  const id = withId ? ` ${version.id} ${latest}` : '';
  return version.marker ? `${name}${id} deleted` : `${name}${id} "${version.etag}" ${version.bytes.size}`;
}
