/** Reserving blobs, and the manifest of what is published. */

import type { Content, Reservation, ReserveRequest } from '../../catalog.ts';
import { SUM_BYTES } from '../../../blobs/checks/block-checks.ts';
import { blobSum } from '../row-sums.ts';
import { BLOB_STATE, CHECKS_IN_ROW } from '../schema.ts';
import type { WriteStatements } from '../write-statements.ts';
import { WAIT } from './context.ts';
import type { WriteContext } from './context.ts';

export function reserveBlob(context: WriteContext, input: ReserveRequest): Reservation | typeof WAIT {
  const { sql, pins } = context;
  const { scope, tier = '', sha256, length, coded, checks } = input;
  const { codec, stored, frames } = coded ?? { codec: 0, stored: length, frames: null };
  const row = sql.blobByHash.get(scope, tier, codec, sha256) as
    | { id: number; state: number; location: string; sum: number | null }
    | undefined;
  if (row?.state === BLOB_STATE.deleting) return WAIT;
  if (row !== undefined) {
    pins.add(row.id);
    // What is damaged is written again, in its place.
    const damaged = sql.checks.isDamaged.get(row.id) !== undefined;
    if (checks !== undefined && (damaged || row.sum === null)) {
      sql.checks.delete.run(row.id);
      keepChecks(sql, row.id, checks);
      sql.checks.setSum.run(blobSum(row.id, checks), row.id);
    }
    return { blob: row.id, location: row.location, stored: row.state === BLOB_STATE.live && !damaged };
  }
  const blob = context.nextSequence();
  const sum = checks === undefined ? null : blobSum(blob, checks);
  const location = input.location ?? hashedLocation({ scope, codec, sha256 });
  sql.insertPendingBlob.run(blob, scope, sha256, codec, length, stored, location, tier, frames, sum);
  if (checks !== undefined) keepChecks(sql, blob, checks);
  pins.add(blob);
  return { blob, location, stored: false };
}

/** In rows of CHECKS_IN_ROW, of which whoever reads a range needs a few. */
export function keepChecks(sql: WriteStatements, blob: number, checks: Uint8Array): void {
  const blocks = checks.byteLength / SUM_BYTES;
  for (let first = 0; first < blocks; first += CHECKS_IN_ROW)
    sql.checks.insert.run(
      blob,
      first,
      checks.subarray(first * SUM_BYTES, (first + CHECKS_IN_ROW) * SUM_BYTES),
    );
}

/** The bytes of a coded blob may also come as an object's own: then they are another blob, with a file of its own. */
export function hashedLocation(blob: { scope: number; codec: number; sha256: Uint8Array }): string {
  const hex = Buffer.from(blob.sha256).toString('hex');
  const folder = blob.codec === 0 ? `${blob.scope}` : `${blob.scope}/codec-${blob.codec}`;
  return `${folder}/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex}`;
}

/**
 * To be called first by everything that publishes content: a reservation is used up in success and in failure, and a
 * blob that nothing refers to by then is the reaper's.
 */
export function takeContent(context: WriteContext, content: Content): void {
  if (content.kind === 'blob') context.pins.drop(content.blob);
  // The bytes of a blob have got their room already.
  else context.requireRoom();
}

/**
 * The blob of some content, with a reference taken for the extent that the caller inserts; null: no bytes.
 *
 * @param seq of the caller: an inline blob is numbered by it
 */
export function referToContent(
  { sql }: WriteContext,
  { content, seq, scope, size }: { content: Content; seq: number; scope: number; size: number },
): number | null {
  switch (content.kind) {
    case 'empty':
      return null;
    case 'inline': {
      const { data, sha256 } = content;
      sql.insertInlineBlob.run(seq, scope, sha256, size, data.byteLength, data, blobSum(seq, data));
      return seq;
    }
    case 'blob':
      if (sql.addBlobRef.get(content.blob) === undefined)
        throw new Error(`blob ${content.blob} was not reserved`);
      return content.blob;
  }
}
