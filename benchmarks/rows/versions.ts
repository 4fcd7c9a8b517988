/**
 * @module Pages of ListObjectVersions over a key with very many versions: the first tenth of them beside the last one.
 *
 * A sample is one page. Where the pages begin is found by a walk that is not measured.
 */

import { type Bench, runRow } from '../bench.ts';
import { listVersions, nextVersionMarker, type VersionMarker } from '../list-versions.ts';
import { measure } from '../measure.ts';
import { summarizeLatency } from '../percentiles.ts';
import { countTags, ensureBucket, send, sendOk } from '../s3-client.ts';
import { formatCount } from '../units.ts';
import { fill, removeVersionedBucket } from './fill.ts';
import { makeRow, type Row } from './row.ts';

const KEY = 'object';
// After it in the order of listing, and made last: it says that all versions are there.
const FILLED_KEY = 'object-is-filled';
const OBJECT_BYTES = 32;
const SAMPLES = 50;
const ENABLED =
  '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>';

export async function versionRows(bench: Bench): Promise<void> {
  const { versions } = bench.options;
  const bucket = `cistern-bench-versions-${versions}`;
  const id = `LIST versions ${formatCount(versions)} of a key`;
  let starts: Start[] = [];
  try {
    await prepare(bench, bucket);
    starts = await walk(bench, bucket);
  } catch (error) {
    bench.skipped.push({ id, reason: (error as Error).message });
    bench.progress(`${id}: failed: ${(error as Error).message}`);
  }
  if (starts.length > 0) {
    // The last page may be a short one, and would look fast.
    const { first, last } = tenths(starts.filter(({ entries }) => entries === starts[0]?.entries));
    let firstP50: number | undefined;
    await runRow(bench, `${id}, first tenth`, async () => {
      const row = await pagesRow(bench, { id: `${id}, first tenth`, bucket, starts: first });
      firstP50 = row.p50_ms;
      return row;
    });
    await runRow(bench, `${id}, last tenth`, async () => {
      const row = await pagesRow(bench, { id: `${id}, last tenth`, bucket, starts: last });
      if (firstP50 === undefined) return row;
      const ratio = `p50 ${(row.p50_ms / firstP50).toFixed(2)}x that of the first tenth`;
      return { ...row, note: [row.note, ratio].filter(Boolean).join('; ') };
    });
  }
  if (bench.options.endpoint !== undefined && !bench.options.keep) await removeVersionedBucket(bench, bucket);
}

/** Where a page begins, and how many entries it has; without a marker it is the first. */
interface Start {
  marker: VersionMarker | undefined;
  entries: number;
}

/** The pages of the first and the last tenth, at least one each. */
export function tenths<T>(pages: readonly T[]): { first: readonly T[]; last: readonly T[] } {
  const length = Math.max(1, Math.floor(pages.length / 10));
  return { first: pages.slice(0, length), last: pages.slice(-length) };
}

async function prepare(bench: Bench, bucket: string): Promise<void> {
  const { target, options } = bench;
  await ensureBucket(target, bucket);
  const filled = await send(target, 'HEAD', `/${bucket}/${FILLED_KEY}`);
  if (filled.status === 200) return;
  await sendOk(target, 'PUT', `/${bucket}?versioning=`, { body: Buffer.from(ENABLED) });
  bench.progress(`filling ${bucket}`);
  await fill(bench, { bucket, count: options.versions, key: () => KEY, objectBytes: OBJECT_BYTES });
  await sendOk(target, 'PUT', `/${bucket}/${FILLED_KEY}`, { body: Buffer.alloc(OBJECT_BYTES) });
}

/** Throws when the versions are not all listed. */
async function walk(bench: Bench, bucket: string): Promise<Start[]> {
  const starts: Start[] = [];
  let marker: VersionMarker | undefined;
  do {
    const page = await pageFrom(bench, bucket, marker);
    starts.push({ marker, entries: countTags(page, 'Version') });
    marker = nextVersionMarker(page);
  } while (marker !== undefined);
  const listed = starts.reduce((sum, { entries }) => sum + entries, 0);
  // The object that says so is one of them.
  const expected = bench.options.versions + 1;
  if (listed !== expected) throw new Error(`${listed} versions are listed, not ${expected}`);
  return starts;
}

function pageFrom(bench: Bench, bucket: string, marker: VersionMarker | undefined): Promise<string> {
  return listVersions(bench.target, { bucket, ...(marker && { marker }) });
}

interface PagesPlan {
  id: string;
  bucket: string;
  starts: readonly Start[];
}

async function pagesRow(bench: Bench, { id, bucket, starts }: PagesPlan): Promise<Row> {
  let entries = 0;
  let errors = 0;
  const { value: samples, usage } = await measure(bench.target.pid, async () => {
    const times: number[] = [];
    for (let index = 0; index < SAMPLES; index++) {
      const start = starts[index % starts.length];
      const began = performance.now();
      const page = await pageFrom(bench, bucket, start?.marker);
      times.push(performance.now() - began);
      const count = countTags(page, 'Version');
      entries += count;
      if (count !== start?.entries) errors++;
    }
    return times;
  });
  return makeRow(
    {
      id,
      group: 'life',
      connections: 1,
      client: 'node',
      requests: SAMPLES,
      errors,
      seconds: samples.reduce((sum, sample) => sum + sample, 0) / 1000,
      bytes: 0,
      keys: entries,
      ...summarizeLatency(samples),
      note: errors > 0 ? 'pages changed their length' : undefined,
    },
    usage,
  );
}
