/**
 * @module The shape of one measured row, and how it is made from raw counts.
 */

import type { Usage } from '../measure.ts';
import type { LatencySummary } from '../percentiles.ts';

export type Group = 'put' | 'get' | 'head' | 'delete' | 'uploads' | 'life' | 'list';

export const GROUPS: readonly Group[] = ['put', 'get', 'head', 'delete', 'uploads', 'life', 'list'];

/** Of names with commas between. Throws with the names that there are. */
export function parseGroups(text: string): readonly Group[] {
  return text.split(',').map((word) => {
    const group = GROUPS.find((candidate) => candidate === word.trim());
    if (group === undefined) throw new Error(`the groups of rows are ${GROUPS.join(', ')}; not ${word}`);
    return group;
  });
}

export interface Row extends LatencySummary {
  /** stable over runs: what `--compare` matches by */
  id: string;
  group: Group;
  /** bytes of each object; undefined where objects are only listed */
  objectBytes?: number;
  connections: number;
  requests: number;
  /** answers that were not the expected success, lost connections and time-outs included */
  errors: number;
  seconds: number;
  requestsPerSecond: number;
  bytesPerSecond?: number;
  /** keys or common prefixes returned a second, for listings */
  keysPerSecond?: number;
  serverCpuSecondsPerThousandRequests?: number;
  serverCpuSecondsPerGb?: number;
  serverPeakRssBytes?: number;
  /** what the server's data directory grew by; undefined where that was not looked at */
  diskBytes?: number;
  /** processors kept busy by the client, 1 = one core */
  clientCores: number;
  /** what made the load */
  client: string;
  /** requests a second of the same client against a server that does nothing */
  clientAlonePerSecond?: number;
  note?: string;
}

export interface SkippedRow {
  id: string;
  reason: string;
}

export interface RowCounts extends LatencySummary {
  id: string;
  group: Group;
  connections: number;
  client: string;
  requests: number;
  errors: number;
  /** of the load itself, which may be shorter than the usage's */
  seconds: number;
  /** bytes of object data moved, 0 when none */
  bytes: number;
  objectBytes?: number;
  keys?: number;
  clientAlonePerSecond?: number | undefined;
  diskBytes?: number | undefined;
  note?: string | undefined;
}

export function makeRow(counts: RowCounts, usage: Usage): Row {
  const { bytes, keys, clientAlonePerSecond, diskBytes, note, ...rest } = counts;
  const row: Row = {
    ...rest,
    requestsPerSecond: counts.requests / counts.seconds,
    clientCores: usage.clientCpuSeconds / usage.seconds,
  };
  if (bytes > 0) row.bytesPerSecond = bytes / counts.seconds;
  if (keys !== undefined) row.keysPerSecond = keys / counts.seconds;
  if (clientAlonePerSecond !== undefined) row.clientAlonePerSecond = clientAlonePerSecond;
  if (diskBytes !== undefined) row.diskBytes = diskBytes;
  if (note !== undefined) row.note = note;
  if (usage.serverPeakRssBytes !== undefined) row.serverPeakRssBytes = usage.serverPeakRssBytes;
  if (usage.serverCpuSeconds !== undefined && counts.requests > 0) {
    row.serverCpuSecondsPerThousandRequests = (usage.serverCpuSeconds / counts.requests) * 1000;
    if (bytes > 0) row.serverCpuSecondsPerGb = usage.serverCpuSeconds / (bytes / 1e9);
  }
  return row;
}
