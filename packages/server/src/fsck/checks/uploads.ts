/** The rows of uploads, those that are open further, and the parts of all: those of an open one lie apart in its manifest, each at its number. */

import { formatUploadId } from '@cistern/protocol';
import { partSum } from '../../catalog/sqlite/row-sums.ts';
import { UPLOAD_STATE } from '../../catalog/sqlite/schema.ts';
import { rowIsWhole } from '../../catalog/sqlite/table-sums.ts';
import type { Part } from '../../catalog/uploads.ts';
import type { FsckContext } from '../context.ts';
import { OutOfOrder, SLICE_ROWS } from '../slices.ts';

/** What a part has of its manifest while the upload is open. Bytes: more than a part may have. */
export const PART_SPAN = 2 ** 33;

interface UploadRow {
  readonly id: number;
  readonly bucket: number;
  readonly bucketName: string | null;
  readonly key: string;
  readonly state: number;
  readonly found: number | null;
  readonly whole: number;
}

interface PartRow extends Part {
  readonly sum: number | null;
  readonly manifest: number;
  readonly found: number | null;
  /** Null: no open upload. */
  readonly open: number | null;
}

interface Stretch {
  readonly extents: number;
  readonly size: number;
  readonly first: number | null;
  readonly end: number | null;
}

export async function checkUploads({ db, slices, findings, manifestRefs }: FsckContext): Promise<void> {
  const { checked, awaiting } = findings;
  findings.phase = 'uploads';
  const page = db.prepare(`SELECT u.id, u.bucket, b.name AS bucketName, u.key, u.state, m.id AS found,
    ${rowIsWhole('uploads', 'u')} AS whole FROM uploads u
    LEFT JOIN buckets b ON b.id = u.bucket LEFT JOIN manifests m ON m.id = u.id
    WHERE u.id > ? ORDER BY u.id LIMIT ${SLICE_ROWS}`);
  // Extents that lie where no part does: those between the parts are found by their number.
  const strays = db.prepare(`SELECT count(*) AS count FROM extents e WHERE e.manifest = ?1 AND NOT EXISTS
    (SELECT 1 FROM parts p WHERE p.manifest = ?1 AND p.number = e.start / ${PART_SPAN})`);
  await slices.walk((after) => {
    const rows = page.all(after) as unknown as UploadRow[];
    for (const { id, bucket, bucketName, key, state, found, whole } of rows) {
      const where = { bucket: bucketName ?? `#${bucket}`, key, upload: formatUploadId(id) };
      if (whole !== 1)
        findings.problem('row-damaged', 'The row of the upload is not what was written.', where);
      if (state !== UPLOAD_STATE.open) continue;
      checked.uploads++;
      manifestRefs.add(id);
      if (bucketName === null) awaiting.uploads++;
      if (found === null)
        findings.problem('manifest-missing', 'The manifest of the upload is not there.', where);
      const { count } = strays.get(id) as { count: number };
      if (count > 0)
        findings.problem('parts', `The upload has ${count} extents that belong to no part.`, where);
    }
    findings.progress();
    return rows.at(-1)?.id;
  });
}

export async function checkParts({ db, slices, findings }: FsckContext): Promise<void> {
  const page =
    db.prepare(`SELECT p.manifest, p.number, p.size, p.extents, m.id AS found, u.id AS open, p.seq, p.etag,
    p.modified_ms AS modifiedMs, p.checksum_value AS checksumValue, p.sum FROM parts p
    LEFT JOIN manifests m ON m.id = p.manifest
    LEFT JOIN uploads u ON u.id = p.manifest AND u.state = ${UPLOAD_STATE.open}
    WHERE (p.manifest, p.number) > (?, ?) ORDER BY p.manifest, p.number LIMIT ${SLICE_ROWS}`);
  const stretch =
    db.prepare(`SELECT count(*) AS extents, coalesce(sum(length), 0) AS size, min(start) AS first,
    max(start + length) AS end FROM extents WHERE manifest = ? AND start >= ? AND start < ?`);
  let last: PartRow | undefined;
  const walk = (): boolean => {
    const rows = page.all(last?.manifest ?? -1, last?.number ?? 0) as unknown as PartRow[];
    for (const row of rows) {
      const { manifest, number, size, extents, found, open } = row;
      findings.checked.parts++;
      const where = { upload: formatUploadId(manifest), manifest };
      if (row.sum === null || row.sum !== partSum(manifest, row))
        findings.problem('row-damaged', `The row of part ${number} is not what was written.`, where);
      if (found === null)
        findings.problem('manifest-missing', `The manifest of part ${number} is not there.`, where);
      if (open === null || found === null) continue;
      const start = number * PART_SPAN;
      const has = stretch.get(manifest, start, start + PART_SPAN) as unknown as Stretch;
      const whole = size === 0 || (has.first === start && has.end === start + size);
      if (has.extents !== extents || has.size !== size || !whole)
        findings.problem(
          'parts',
          `Part ${number} has ${size} bytes in ${extents} extents, and ${has.size} in ${has.extents} are there.`,
          where,
        );
    }
    findings.progress();
    const before = last;
    last = rows.at(-1);
    if (before !== undefined && last !== undefined) {
      const same = last.manifest === before.manifest;
      if (last.manifest < before.manifest || (same && last.number <= before.number)) throw new OutOfOrder();
    }
    return last !== undefined;
  };
  while (await slices.read(walk));
}
