/** References that were counted on the way, held against what manifests and blobs say. */

import type { FsckContext } from '../context.ts';
import { SLICE_ROWS } from '../slices.ts';
import { walkVersions } from '../version-walk.ts';
import type { WalkedVersion } from '../version-walk.ts';

export const MANIFEST_REFERENCES =
  'SELECT manifest AS target FROM versions WHERE manifest IS NOT NULL UNION ALL SELECT id FROM uploads WHERE state = 0';
export const BLOB_REFERENCES = 'SELECT blob AS target FROM extents';

/** After everything else was walked once. */
export async function checkReferences(context: FsckContext): Promise<void> {
  const { slices, findings, manifestRefs, blobRefs } = context;
  if (manifestRefs.restart()) {
    await countManifests(context);
    await slices.read(() => manifestRefs.compareAgain());
  }
  if (blobRefs.restart()) {
    await countBlobs(context);
    await slices.read(() => blobRefs.compareAgain());
  }
  await slices.read(() => {
    for (const { id, refs, found } of manifestRefs.judge())
      findings.problem('references', `The manifest counts ${refs} references, and there are ${found}.`, {
        manifest: id,
      });
  });
  await slices.read(() => {
    for (const { id, refs, found } of blobRefs.judge())
      findings.problem('references', `The blob counts ${refs} references, and there are ${found}.`, {
        blob: id,
      });
  });
}

async function countManifests(context: FsckContext): Promise<void> {
  const { db, slices, manifestRefs } = context;
  await walkVersions(context, { columns: 'v.manifest' }, (row) => {
    const { manifest } = row as WalkedVersion & { manifest: number | null };
    if (manifest !== null) manifestRefs.add(manifest);
  });
  const open = db.prepare(
    `SELECT id FROM uploads WHERE state = 0 AND id > ? ORDER BY id LIMIT ${SLICE_ROWS}`,
  );
  await slices.walk((after) => {
    const rows = open.all(after) as { id: number }[];
    for (const { id } of rows) manifestRefs.add(id);
    return rows.at(-1)?.id;
  });
}

async function countBlobs({ db, slices, findings, blobRefs }: FsckContext): Promise<void> {
  const page = db.prepare(`SELECT manifest, start, blob FROM extents WHERE (manifest, start) > (?, ?)
    ORDER BY manifest, start LIMIT ${SLICE_ROWS}`);
  let last: { manifest: number; start: number } | undefined;
  const walk = (): boolean => {
    const rows = page.all(last?.manifest ?? -1, last?.start ?? 0) as {
      manifest: number;
      start: number;
      blob: number;
    }[];
    for (const { blob } of rows) blobRefs.add(blob);
    findings.progress();
    last = rows.at(-1);
    return last !== undefined;
  };
  while (await slices.read(walk));
}
