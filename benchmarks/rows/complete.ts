/**
 * @module An upload of very many parts: how fast they are made by reference, and how long it takes to complete them.
 */

import { type Bench, OBJECT_BUCKET, runRow } from '../bench.ts';
import { measure } from '../measure.ts';
import {
  abortUpload,
  completeUpload,
  completionOf,
  createUpload,
  listParts,
  objectBytes,
  PART_BYTES_MIN,
  type Upload,
} from '../multipart.ts';
import { summarizeLatency } from '../percentiles.ts';
import { formatCount, formatSize } from '../units.ts';
import { removeObjects } from './fill.ts';
import { COPY_CONNECTIONS, copyParts, isTooMuchToCopy, preparePartCopies } from './part-copies.ts';
import { makeRow, type Row } from './row.ts';

const PATH = `/${OBJECT_BUCKET}/completed`;

export async function completeRows(bench: Bench): Promise<void> {
  const { parts } = bench.options;
  const { target } = bench;
  const id = `complete ${formatCount(parts)} parts`;
  if (isTooMuchToCopy(bench, id, parts * PART_BYTES_MIN)) return;
  let upload: Upload | undefined;
  const copyId = `UploadPartCopy ${formatSize(PART_BYTES_MIN)} x${COPY_CONNECTIONS}`;
  await runRow(bench, copyId, async () => {
    upload = await createUpload(target, PATH);
    return copyRow(bench, copyId, upload);
  });
  await runRow(bench, id, async () => {
    if (upload === undefined) throw new Error('there is no upload to complete');
    return completeRow(bench, id, upload);
  });
  if (upload !== undefined) await abortUpload(target, upload);
  await removeObjects(bench, [PATH]);
}

async function copyRow(bench: Bench, id: string, upload: Upload): Promise<Row> {
  const requests = await preparePartCopies(bench, upload, bench.options.parts);
  const { value, usage } = await measure(bench.target.pid, () => copyParts(bench, requests));
  return makeRow(
    {
      ...value,
      id,
      group: 'life',
      objectBytes: PART_BYTES_MIN,
      connections: COPY_CONNECTIONS,
      bytes: 0,
    },
    usage,
  );
}

async function completeRow(bench: Bench, id: string, upload: Upload): Promise<Row> {
  const { target, options } = bench;
  const listed = await listParts(target, upload);
  if (listed.length !== options.parts)
    throw new Error(`${listed.length} of ${options.parts} parts have arrived`);
  const body = completionOf(listed);
  const { usage } = await measure(target.pid, () => completeUpload(target, upload, body));
  const size = await objectBytes(target, PATH);
  const expected = options.parts * PART_BYTES_MIN;
  const samples = [usage.seconds * 1000];
  return makeRow(
    {
      id,
      group: 'life',
      objectBytes: size,
      connections: 1,
      client: 'node',
      requests: 1,
      errors: size === expected ? 0 : 1,
      seconds: usage.seconds,
      bytes: 0,
      ...summarizeLatency(samples),
      note: size === expected ? `an object of ${formatSize(size)}` : `${size} bytes, not ${expected}`,
    },
    usage,
  );
}
