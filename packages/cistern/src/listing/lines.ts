/** Entries of a listing as they are printed: lines for people, documents for programs (docs/command-line-json.md). */

import { formatBytes, formatTime } from '../terminal/sizes.ts';
import type { FoundVersion } from '../select/walk-versions.ts';
import type { Found } from '../select/walk.ts';

export interface LineFlags {
  readonly long?: true;
  readonly human?: true;
}

const TIME_COLUMNS = 19;
const SIZE_COLUMNS = 12;
const HUMAN_COLUMNS = 8;
/** of an MD5; of an object that came in parts it is a little more */
const ETAG_COLUMNS = 35;

/** @param name as it is to be shown */
export function toLine(found: Found | FoundVersion, name: string, { long, human }: LineFlags): string {
  const columns = human === true ? HUMAN_COLUMNS : SIZE_COLUMNS;
  if (found.type === 'version') {
    const size = found.isDeleteMarker ? 'deleted' : sizeText(found.size, human);
    return `${formatTime(found.lastModified)}  ${size.padStart(columns)}  ${found.version}  ${name}`;
  }
  if (long !== true) return name;
  if (found.type === 'prefix') return `${' '.repeat(TIME_COLUMNS + columns + ETAG_COLUMNS + 6)}${name}`;
  const { size, etag = '-' } = found;
  const time = formatTime(found.lastModified);
  return `${time}  ${sizeText(size, human).padStart(columns)}  ${etag.padEnd(ETAG_COLUMNS)}  ${name}`;
}

export function sizeText(bytes: number, human: true | undefined): string {
  return human === true ? formatBytes(bytes) : String(bytes);
}

export function toDocument(found: Found | FoundVersion): object {
  if (found.type === 'prefix') return { type: found.type, prefix: found.prefix };
  const { type, key, size, etag, version } = found;
  const lastModified = found.lastModified.toISOString();
  if (type === 'object') return { type, key, size, lastModified, etag, version };
  const { isLatest, isDeleteMarker } = found;
  return { type, key, version, isLatest, isDeleteMarker, size, lastModified, etag };
}
