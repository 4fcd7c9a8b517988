/** Versions: that their bucket and bytes are there, and that they stand where readers look for them. */

import { formatVersionId } from '@cistern/protocol';
import { PLACE, SNAPSHOT_STATE } from '../../catalog/sqlite/schema.ts';
import type { FsckContext } from '../context.ts';
import type { Problem } from '../report.ts';
import { walkVersions } from '../version-walk.ts';
import { counterOf } from './buckets.ts';
import { isWholeVersion, SUMMED_COLUMNS } from './version-row.ts';
import type { SummedRow } from './version-row.ts';

/** How many current versions the key has, and which is the newest of the others. */
const SIBLINGS = `
  (SELECT count(*) FROM versions c WHERE c.bucket = v.bucket AND c.place = ${PLACE.current} AND c.key = v.key) AS currents,
  (SELECT max(c.seq) FROM versions c WHERE c.bucket = v.bucket AND c.place = ${PLACE.noncurrent} AND c.key = v.key)
    AS newestNoncurrent,
  EXISTS (SELECT 1 FROM versions c WHERE c.bucket = v.bucket AND c.key = v.key AND c.place = 1 AND c.is_null = 1)
    AS noncurrentNull`;

const SHOWN = `EXISTS (SELECT 1 FROM snapshots s
  WHERE s.bucket = v.bucket AND s.seq >= v.since AND s.seq < v.retired_seq AND s.state <> ${SNAPSHOT_STATE.deleting}) AS shown`;

/** Of a bucket that is gone: whether the row is one that a deleted snapshot has left. */
const SWEPT = `CASE WHEN b.id IS NULL AND v.place = ${PLACE.retired} THEN EXISTS (SELECT 1 FROM snapshots s
  WHERE s.bucket = v.bucket AND s.state = ${SNAPSHOT_STATE.deleting}) ELSE 0 END AS swept`;

const COLUMNS = `b.name AS bucketName, v.is_null AS nullVersion, v.delete_marker AS deleteMarker,
  v.size, v.manifest, v.extents, v.parts, m.id AS found, m.extents AS manifestExtents, m.size AS manifestSize,
  ${SUMMED_COLUMNS}, ${SIBLINGS}, ${SHOWN}, ${SWEPT}`;

const JOINS = 'LEFT JOIN buckets b ON b.id = v.bucket LEFT JOIN manifests m ON m.id = v.manifest';

interface VersionRow extends SummedRow {
  readonly bucketName: string | null;
  readonly found: number | null;
  readonly manifestExtents: number | null;
  readonly manifestSize: number | null;
  readonly currents: number;
  readonly newestNoncurrent: number | null;
  readonly noncurrentNull: number;
  readonly shown: number;
  readonly swept: number;
}

type Report = (kind: Problem['kind'], message: string) => void;

export async function checkVersions(context: FsckContext): Promise<void> {
  const { db, findings, manifestRefs } = context;
  findings.phase = 'versions';
  const counter = counterOf(db);
  const coverage = db.prepare(
    'SELECT count(*) AS extents, max(start + length) AS size FROM extents WHERE manifest = ? AND start < ?',
  );
  const partRows = db.prepare(`SELECT count(*) AS count, sum(size) AS size, sum(extents) AS extents
    FROM (SELECT size, extents FROM parts WHERE manifest = ? ORDER BY number LIMIT 0 + ?)`);

  const checkBytes = (row: VersionRow, report: Report): void => {
    const { size, extents, parts, manifest, manifestExtents, manifestSize } = row;
    if (manifest === null) {
      if (size !== 0 || extents !== 0)
        report('manifest-missing', `The version has ${size} bytes and no manifest.`);
      return;
    }
    manifestRefs.add(manifest);
    if (row.found === null) {
      report('manifest-missing', `The manifest ${manifest} of the version is not there.`);
      return;
    }
    // Its extents are held to the manifest by themselves; a shorter version has the first of them.
    if (extents !== manifestExtents || size !== manifestSize) {
      const covered = coverage.get(manifest, size) as { extents: number; size: number | null };
      if (covered.extents !== extents || (covered.size ?? 0) !== size)
        report(
          'version-extents',
          `The version has ${size} bytes in ${extents} extents; its manifest ${manifest} has ${covered.size ?? 0} in ${covered.extents}.`,
        );
    }
    if (parts === 0) return;
    const first = partRows.get(manifest, parts) as {
      count: number;
      size: number | null;
      extents: number | null;
    };
    if (first.count < parts || (first.extents === extents && first.size !== size))
      report(
        'parts',
        `The version has ${size} bytes in ${parts} parts; its upload has ${first.size ?? 0} in ${first.count}.`,
      );
  };

  await walkVersions(context, { columns: COLUMNS, joins: JOINS }, (walked) => {
    const row = walked as VersionRow;
    findings.checked.versions++;
    const where = {
      bucket: row.bucketName ?? `#${row.bucket}`,
      key: row.key,
      version: row.nullVersion === 1 ? 'null' : formatVersionId(row.seq),
    };
    const report: Report = (kind, message) => findings.problem(kind, message, where);
    if (row.bucketName === null && row.swept === 0)
      report('bucket-missing', 'The bucket of the version is not there.');
    if (!isWholeVersion(row)) report('row-damaged', 'The row of the version is not what was written.');
    const newest = Math.max(row.seq, row.since, row.retiredSeq ?? 0);
    if (newest > context.sequence && newest > counter())
      report('sequence', `The version has the number ${newest}, which was not drawn yet.`);
    const misplaced = misplacement(row);
    if (misplaced !== undefined) report('version-place', misplaced);
    if (row.place === PLACE.retired && row.retiredSeq !== null && row.shown === 0)
      findings.awaiting.versions++;
    checkBytes(row, report);
  });
}

/** What is wrong with where a version stands; undefined: nothing. */
function misplacement(row: VersionRow): string | undefined {
  const { place, seq, since, retiredSeq } = row;
  if (since < seq) return `The version was made as number ${seq}, and stands so since ${since}.`;
  if (row.deleteMarker === 1 && (row.manifest !== null || row.size !== 0))
    return 'A delete marker has bytes.';
  switch (place) {
    case PLACE.current:
      if (retiredSeq !== null) return 'A current version is retired.';
      if (row.deleteMarker === 1) return 'A delete marker is listed as an object.';
      if (row.currents > 1) return `The key has ${row.currents} current versions.`;
      if ((row.newestNoncurrent ?? 0) > seq) return 'The current version of the key is not its newest.';
      if (row.nullVersion === 1 && row.noncurrentNull === 1) return 'The key has two null versions.';
      return undefined;
    case PLACE.noncurrent:
      if (retiredSeq !== null) return 'A version that clients see is retired.';
      if (row.currents === 0 && row.deleteMarker === 0 && row.newestNoncurrent === seq)
        return 'The newest version of the key is not its current one.';
      return undefined;
    case PLACE.retired:
      if (retiredSeq === null || retiredSeq <= since)
        return 'A retired version does not say when it was retired.';
      return undefined;
    default:
      return `The version stands in a place ${place} that nobody looks at.`;
  }
}
