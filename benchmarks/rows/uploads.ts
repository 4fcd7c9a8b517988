/**
 * @module Many uploads at the same time, each on its own connection: memory has to stay bounded.
 */

import { type Bench, OBJECT_BUCKET, runRow } from '../bench.ts';
import { curlAtOnce, type Transfer } from '../load/curl.ts';
import { measure } from '../measure.ts';
import { summarizeLatency } from '../percentiles.ts';
import { presignedUrl } from '../signing.ts';
import type { Target } from '../target.ts';
import { formatSize } from '../units.ts';
import { removeObjects } from './fill.ts';
import { makeRow } from './row.ts';

export async function uploadRows(bench: Bench): Promise<void> {
  const { count, bytes } = bench.options.uploads;
  const path = (index: number) => `/${OBJECT_BUCKET}/${bytes}/at-once/${index}`;
  const id = `${count} uploads of ${formatSize(bytes)} at once`;
  await runRow(bench, id, async () => {
    const bodies = bench.bodies.take(count, bytes);
    const transfers = (target: Target) =>
      bodies.files.map((file, index): Transfer => ({
        method: 'PUT',
        url: presignedUrl(target, 'PUT', path(index)),
        file,
      }));
    const { value, usage } = await measure(bench.target.pid, () => curlAtOnce(transfers(bench.target)));
    if (value.failure !== undefined) bench.progress(`  ${value.failure}`);
    const alone =
      bench.sink === undefined
        ? undefined
        : await curlAtOnce(transfers({ ...bench.target, endpoint: bench.sink }));
    return makeRow(
      {
        id,
        group: 'uploads',
        objectBytes: bytes,
        connections: count,
        client: 'curl',
        requests: count,
        errors: value.errors,
        seconds: value.seconds,
        bytes: value.bytes,
        ...summarizeLatency(value.latencies),
        clientAlonePerSecond: alone && count / alone.seconds,
      },
      usage,
    );
  });
  await removeObjects(
    bench,
    Array.from({ length: count }, (_, index) => path(index)),
  );
}
