/**
 * @module Copies of a large object within the server, whole and as one part, and what they take of the disk.
 */

import { type Bench, OBJECT_BUCKET, runRow } from '../bench.ts';
import { settledDiskBytes } from '../disk-usage.ts';
import { measure } from '../measure.ts';
import {
  abortUpload,
  completeUpload,
  completionOf,
  createUpload,
  listParts,
  objectBytes,
  PART_BYTES_MIN,
  partPath,
  type Upload,
} from '../multipart.ts';
import { summarizeLatency } from '../percentiles.ts';
import { sendOk } from '../s3-client.ts';
import { formatSize } from '../units.ts';
import { removeObjects } from './fill.ts';
import { copyParts, isTooMuchToCopy, preparePartCopies } from './part-copies.ts';
import { makeRow, type Row } from './row.ts';

const SOURCE_PATH = `/${OBJECT_BUCKET}/copy/source`;
const COPIES_MAX = 20;
// A server that moves the bytes gets no further than its first copy.
const SECONDS_MAX = 2;
// The source, and one copy of either kind.
const COPIES_OF_BYTES = 3;

export async function copyRows(bench: Bench): Promise<void> {
  const { target } = bench;
  // Of whole parts, so that each may be a copy of the same object.
  const parts = Math.max(1, Math.round(bench.options.copyBytes / PART_BYTES_MIN));
  const bytes = parts * PART_BYTES_MIN;
  const label = `copy ${formatSize(bytes)}`;
  if (isTooMuchToCopy(bench, label, bytes * COPIES_OF_BYTES)) return;
  const copyPath = (index: number) => `/${OBJECT_BUCKET}/copy/${index}`;
  let made = false;
  const source = async () => {
    if (!made) await makeSource(bench, parts);
    made = true;
  };
  await runRow(bench, `${label} by CopyObject`, async () => {
    await source();
    return copyRow(bench, { id: `${label} by CopyObject`, bytes, headers: [] }, copyPath);
  });
  let upload: Upload | undefined;
  await runRow(bench, `${label} by UploadPartCopy`, async () => {
    await source();
    const open = await createUpload(target, `/${OBJECT_BUCKET}/copy/part-by-part`);
    upload = open;
    const range = ['x-amz-copy-source-range', `bytes=0-${bytes - 1}`] as const;
    const plan = { id: `${label} by UploadPartCopy`, bytes, headers: [range] };
    return copyRow(bench, plan, (index) => partPath(open, index + 1));
  });
  if (upload !== undefined) await abortUpload(target, upload);
  await removeObjects(bench, [SOURCE_PATH, ...Array.from({ length: COPIES_MAX }, (_, i) => copyPath(i))]);
}

async function makeSource(bench: Bench, parts: number): Promise<void> {
  const { target } = bench;
  const upload = await createUpload(target, SOURCE_PATH);
  const result = await copyParts(bench, await preparePartCopies(bench, upload, parts));
  if (result.errors > 0) throw new Error(`${result.errors} of ${parts} parts could not be copied`);
  await completeUpload(target, upload, completionOf(await listParts(target, upload)));
}

interface CopyPlan {
  id: string;
  bytes: number;
  headers: readonly (readonly [string, string])[];
}

async function copyRow(bench: Bench, plan: CopyPlan, pathOf: (index: number) => string): Promise<Row> {
  const { target } = bench;
  if ((await objectBytes(target, SOURCE_PATH)) !== plan.bytes) throw new Error('the source has another size');
  const before = target.dataDirectory && (await settledDiskBytes(target.dataDirectory));
  const { value: samples, usage } = await measure(target.pid, async () => {
    const times: number[] = [];
    const end = performance.now() + SECONDS_MAX * 1000;
    while (times.length < COPIES_MAX && performance.now() < end) {
      const start = performance.now();
      await copyOnce(bench, plan, pathOf(times.length));
      times.push(performance.now() - start);
    }
    return times;
  });
  const after = target.dataDirectory && (await settledDiskBytes(target.dataDirectory));
  // Smaller than before: something else was deleted meanwhile, and nothing is known of the copies.
  const known = typeof before === 'number' && typeof after === 'number' && after >= before;
  return makeRow(
    {
      id: plan.id,
      group: 'life',
      objectBytes: plan.bytes,
      connections: 1,
      client: 'node',
      requests: samples.length,
      errors: 0,
      seconds: samples.reduce((sum, sample) => sum + sample, 0) / 1000,
      bytes: 0,
      ...summarizeLatency(samples),
      diskBytes: known ? after - before : undefined,
      note: `${samples.length} copies`,
    },
    usage,
  );
}

/** Throws also when an answer of 200 has an error in its body, as S3 allows itself. */
async function copyOnce(bench: Bench, plan: CopyPlan, path: string): Promise<void> {
  const answer = await sendOk(bench.target, 'PUT', path, {
    body: Buffer.alloc(0),
    headers: [['x-amz-copy-source', SOURCE_PATH], ...plan.headers],
  });
  const xml = answer.body.toString();
  if (!xml.includes('<ETag>')) throw new Error(`${path} was not copied: ${xml.slice(0, 400)}`);
}
