/**
 * @module One object sent as parts in several streams, and completed: what large uploads of the usual clients are like.
 */

import { type Bench, OBJECT_BUCKET, runRow } from '../bench.ts';
import type { Bodies } from '../bodies.ts';
import { curlStreams, type Transfer } from '../load/curl.ts';
import { measure } from '../measure.ts';
import {
  completeUpload,
  completionOf,
  createUpload,
  listParts,
  abortUpload,
  partPath,
  type Upload,
} from '../multipart.ts';
import { summarizeLatency } from '../percentiles.ts';
import { presignedUrl } from '../signing.ts';
import type { Target } from '../target.ts';
import { formatMilliseconds, formatSize } from '../units.ts';
import { removeObjects } from './fill.ts';
import { makeRow, type Row } from './row.ts';

const PATH = `/${OBJECT_BUCKET}/multipart`;
const PART_BYTES = 8 * 2 ** 20;
const STREAMS = 4;
const OBJECT_BYTES_MAX = 2 ** 30;

export async function multipartRow(bench: Bench): Promise<void> {
  const id = `multipart ${formatSize(PART_BYTES)} x${STREAMS}`;
  const perStream = Math.floor(
    Math.min(OBJECT_BYTES_MAX, bench.options.volumeBytes) / (PART_BYTES * STREAMS),
  );
  if (perStream === 0) {
    bench.progress(`${id} is left out: it moves more than --volume`);
    return;
  }
  await runRow(bench, id, async () => {
    const bodies = bench.bodies.take(perStream * STREAMS, PART_BYTES);
    const upload = await createUpload(bench.target, PATH);
    try {
      return await measureRow(bench, id, { bodies, upload });
    } finally {
      await abortUpload(bench.target, upload);
    }
  });
  await removeObjects(bench, [PATH]);
}

async function measureRow(
  bench: Bench,
  id: string,
  { bodies, upload }: { bodies: Bodies; upload: Upload },
): Promise<Row> {
  const { target } = bench;
  const { value, usage } = await measure(target.pid, async () => {
    const sent = await curlStreams(transfers(target, bodies, upload));
    const start = performance.now();
    await completeUpload(target, upload, completionOf(await listParts(target, upload)));
    return { ...sent, completedMs: performance.now() - start };
  });
  if (value.failure !== undefined) bench.progress(`  ${value.failure}`);
  const parts = bodies.files.length;
  const alone =
    bench.sink && (await curlStreams(transfers({ ...target, endpoint: bench.sink }, bodies, upload)));
  return makeRow(
    {
      id,
      group: 'life',
      objectBytes: parts * PART_BYTES,
      connections: STREAMS,
      client: 'curl',
      requests: parts,
      errors: value.errors,
      seconds: usage.seconds,
      bytes: value.bytes,
      ...summarizeLatency(value.latencies),
      clientAlonePerSecond: alone && parts / alone.seconds,
      note: `${formatSize(parts * PART_BYTES)}; listed and completed in ${formatMilliseconds(value.completedMs)} ms`,
    },
    usage,
  );
}

/** The first stream sends parts 1, 5, 9 and so on, as clients do. */
function transfers(target: Target, bodies: Bodies, upload: Upload): Transfer[][] {
  const streams = Array.from({ length: STREAMS }, (): Transfer[] => []);
  bodies.files.forEach((file, index) => {
    const url = presignedUrl(target, 'PUT', partPath(upload, index + 1));
    streams[index % STREAMS]?.push({ method: 'PUT', url, file });
  });
  return streams;
}
