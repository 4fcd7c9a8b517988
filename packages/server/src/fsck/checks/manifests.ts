/** Manifests: that their extents follow each other without a gap, and that the blobs of these are there. */

import { extentIsWhole } from '../../catalog/sqlite/row-sums.ts';
import { BLOB_STATE, UPLOAD_STATE } from '../../catalog/sqlite/schema.ts';
import type { FsckContext } from '../context.ts';

/** Each may have thousands of extents. */
const PAGE = 100;

interface ManifestRow {
  readonly id: number;
  readonly refs: number;
  readonly extents: number;
  readonly size: number;
  /** Null: no upload that is open. */
  readonly open: number | null;
}

interface ExtentRow {
  readonly start: number;
  readonly length: number;
  readonly blob: number;
  readonly offset: number;
  readonly state: number | null;
  readonly logical: number | null;
  readonly whole: number;
}

export async function checkManifests({ db, slices, findings, ...context }: FsckContext): Promise<void> {
  const { manifestRefs, blobRefs, sequence } = context;
  const { checked, awaiting } = findings;
  findings.phase = 'manifests';
  const page = db.prepare(`SELECT m.id, m.refs, m.extents, m.size, u.id AS open FROM manifests m
    LEFT JOIN uploads u ON u.id = m.id AND u.state = ${UPLOAD_STATE.open}
    WHERE m.id > ? ORDER BY m.id LIMIT ${PAGE}`);
  const extentsOf =
    db.prepare(`SELECT e.start, e.length, e.blob, e.offset, b.state, b.logical, ${extentIsWhole('e')} AS whole
    FROM extents e LEFT JOIN blobs b ON b.id = e.blob WHERE e.manifest = ? ORDER BY e.start`);
  const orphans = db.prepare(`SELECT manifest, count(*) AS extents FROM extents e
    WHERE manifest > ? AND manifest < ? AND NOT EXISTS (SELECT 1 FROM manifests m WHERE m.id = e.manifest)
    GROUP BY manifest`);

  const checkOne = ({ id, refs, extents, size, open }: ManifestRow): void => {
    checked.manifests++;
    if (id <= sequence) manifestRefs.compare(id, refs);
    if (refs === 0) awaiting.manifests++;
    let count = 0;
    let end = 0;
    let contiguous = true;
    for (const row of extentsOf.iterate(id) as Iterable<unknown>) {
      const extent = row as ExtentRow;
      count++;
      blobRefs.add(extent.blob);
      contiguous &&= extent.start === end && extent.length > 0;
      end = extent.start + extent.length;
      if (extent.whole !== 1)
        findings.problem('row-damaged', `The row of the extent at ${extent.start} is not what was written.`, {
          manifest: id,
        });
      const wrong = wrongBlob(extent);
      if (wrong !== undefined) findings.problem('extent-blob', wrong, { manifest: id, blob: extent.blob });
    }
    checked.extents += count;
    // The reaper takes it apart; or it is not put together yet.
    if (refs === 0 || open !== null) return;
    if (!contiguous || count !== extents || end !== size)
      findings.problem(
        'manifest-extents',
        contiguous
          ? `The manifest has ${size} bytes in ${extents} extents, and ${end} in ${count} are there.`
          : 'The extents of the manifest overlap, or leave a gap.',
        { manifest: id },
      );
  };

  let from = -1;
  await slices.walk((after) => {
    from = after;
    const rows = page.all(after) as unknown as ManifestRow[];
    for (const row of rows) checkOne(row);
    const last = rows.at(-1)?.id;
    const gone = orphans.all(from, last ?? Number.MAX_SAFE_INTEGER) as {
      manifest: number;
      extents: number;
    }[];
    for (const { manifest, extents } of gone)
      findings.problem('extents-orphaned', `${extents} extents are of a manifest that is not there.`, {
        manifest,
      });
    findings.progress();
    return last;
  });
}

function wrongBlob({ start, length, offset, blob, state, logical }: ExtentRow): string | undefined {
  const what = `The blob ${blob} of the extent at ${start}`;
  if (state === null || logical === null) return `${what} is not there.`;
  if (state !== BLOB_STATE.live)
    return `${what} is ${state === BLOB_STATE.deleting ? 'being deleted' : 'not stored'}.`;
  if (offset < 0 || offset + length > logical)
    return `${what} has ${logical} bytes: it ends before the extent does.`;
  return undefined;
}
