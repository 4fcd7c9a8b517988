/**
 * @module Listings of buckets of various sizes, flat and by delimiter, one request at a time over one connection; and
 * single look-ups in the large ones.
 *
 * A bucket of up to 10,000 keys is walked from end to end, and a sample is one walk. In a larger one a sample is one
 * page, at the beginning, the middle and the end.
 */

import { type Bench, runRow } from '../bench.ts';
import { replay } from '../load/replay.ts';
import { measure } from '../measure.ts';
import { summarizeLatency } from '../percentiles.ts';
import { writeRequests } from '../requests.ts';
import { countTags, ensureBucket, listPage, listQuery, nextToken, send, sendOk } from '../s3-client.ts';
import type { ListOptions } from '../s3-client.ts';
import { formatCount } from '../units.ts';
import { fill, removeBucket } from './fill.ts';
import { makeRow, type Row } from './row.ts';

const PAGE = 1000;
const WALKED_KEYS_MAX = 10_000;
const WALKS = 10;
const PAGES_PER_DEPTH = 50;
const LOOKUPS = 500;
const OBJECT_BYTES = 32;

/** Fills a bucket with `count` keys, unless an earlier run left it, and measures its listings. */
export async function listRows(bench: Bench, count: number): Promise<void> {
  const layout = layoutOf(count);
  const label = formatCount(count);
  try {
    await prepareListing(bench, layout);
  } catch (error) {
    bench.skipped.push({ id: `LIST ${label}`, reason: `could not be filled: ${(error as Error).message}` });
    return;
  }
  for (const delimiter of [undefined, '/'] as const) {
    const kind = delimiter === undefined ? 'flat' : 'by delimiter';
    const id = `LIST ${label} ${kind}`;
    if (count <= WALKED_KEYS_MAX) {
      await runRow(bench, id, () => walkRow(bench, layout, { id, delimiter, walks: WALKS }));
      continue;
    }
    for (const depth of ['start', 'middle', 'end'] as const) {
      await runRow(bench, `${id}, ${depth}`, () =>
        depthRow(bench, layout, { id: `${id}, ${depth}`, delimiter, depth }),
      );
    }
  }
  if (count > WALKED_KEYS_MAX) {
    await runRow(bench, `HEAD in ${label} keys`, () => lookupRow(bench, layout, `HEAD in ${label} keys`));
  }
  if (bench.options.endpoint !== undefined && !bench.options.keep) await removeBucket(bench, layout.bucket);
}

export interface Layout {
  bucket: string;
  count: number;
  /** keys below each prefix that a delimiter groups */
  perPrefix: number;
  key(index: number): string;
}

// Thousands of prefixes in the large buckets, so that a page of 1,000 is full at every depth.
export function layoutOf(count: number): Layout {
  const perPrefix = Math.max(1, Math.min(100, Math.floor(count / 5_000)), count <= WALKED_KEYS_MAX ? 10 : 1);
  const key = (index: number) => `${pad(Math.floor(index / perPrefix))}/object-${pad(index % perPrefix)}`;
  return { bucket: `cistern-bench-list-${count}`, count, perPrefix, key };
}

function pad(value: number): string {
  return String(value).padStart(7, '0');
}

/** Fills the bucket, unless an earlier run left it whole. */
export async function prepareListing(bench: Bench, layout: Layout): Promise<void> {
  const { target } = bench;
  await ensureBucket(target, layout.bucket);
  const last = await send(target, 'HEAD', `/${layout.bucket}/${layout.key(layout.count - 1)}`);
  if (last.status === 200) return;
  bench.progress(`filling ${layout.bucket}`);
  // The last key goes in by itself at the end: it says that all others are there.
  await fill(bench, { ...layout, count: layout.count - 1, objectBytes: OBJECT_BYTES });
  await sendOk(target, 'PUT', `/${layout.bucket}/${layout.key(layout.count - 1)}`, {
    body: Buffer.alloc(OBJECT_BYTES),
  });
}

interface ListPlan {
  id: string;
  delimiter: string | undefined;
}

/** Walks the whole bucket a number of times. */
export async function walkRow(
  bench: Bench,
  layout: Layout,
  plan: ListPlan & { walks: number },
): Promise<Row> {
  const pages: string[] = [];
  const { value: walks, usage } = await measure(bench.target.pid, async () => {
    const samples: number[] = [];
    for (let walk = 0; walk < plan.walks; walk++) {
      const start = performance.now();
      for await (const { page } of walkPages(bench, layout, plan)) pages.push(page);
      samples.push(performance.now() - start);
    }
    return samples;
  });
  const expected = entriesOf(layout, plan);
  const note = `a walk of ${formatCount(expected)} entries in ${pages.length / plan.walks} pages`;
  return listRow({ id: plan.id, samples: walks, pages, expected: expected * plan.walks, note }, usage);
}

interface WalkedPage {
  asked: ListOptions;
  page: string;
}

async function* walkPages(bench: Bench, layout: Layout, { delimiter }: ListPlan): AsyncGenerator<WalkedPage> {
  let token: string | undefined;
  do {
    const asked: ListOptions = {
      bucket: layout.bucket,
      ...(delimiter !== undefined && { delimiter }),
      ...(token !== undefined && { continuationToken: token }),
    };
    const page = await listPage(bench.target, asked);
    yield { asked, page };
    token = nextToken(page);
  } while (token !== undefined);
}

/** Keys, or common prefixes, of a walk. */
function entriesOf(layout: Layout, { delimiter }: ListPlan): number {
  return delimiter === undefined ? layout.count : Math.ceil(layout.count / layout.perPrefix);
}

/**
 * The pages of one walk, which are counted first, asked for again and again over one connection by the generator that costs
 * least: a client that reads them takes as long for a page as a server.
 */
export async function replayWalkRow(bench: Bench, layout: Layout, plan: ListPlan): Promise<Row> {
  const walked = await Array.fromAsync(walkPages(bench, layout, plan));
  const entries = countEntries(walked.map(({ page }) => page));
  const expected = entriesOf(layout, plan);
  if (entries !== expected) throw new Error(`${entries} entries where ${expected} were expected`);
  const requests = writeRequests({
    target: bench.target,
    scratch: bench.scratch,
    name: 'LIST',
    method: 'GET',
    bucket: layout.bucket,
    keys: walked.map(({ asked }) => `?${listQuery(asked)}`),
  });
  const load = { requests, connections: 1, seconds: bench.options.durationSeconds, once: false };
  const { value, usage } = await measure(bench.target.pid, () =>
    replay({ ...load, endpoint: bench.target.endpoint }),
  );
  const keys = Math.round((value.requests * entries) / walked.length);
  const note = `pages of a walk of ${formatCount(expected)} entries in ${walked.length}`;
  return makeRow({ ...value, id: plan.id, group: 'list', connections: 1, bytes: 0, keys, note }, usage);
}

type Depth = 'start' | 'middle' | 'end';

async function depthRow(bench: Bench, layout: Layout, plan: ListPlan & { depth: Depth }): Promise<Row> {
  const { depth, delimiter } = plan;
  const entries = delimiter === undefined ? layout.count : Math.ceil(layout.count / layout.perPrefix);
  const span = { start: 0, middle: Math.floor(entries / 2), end: entries - PAGE - PAGES_PER_DEPTH }[depth];
  const pages: string[] = [];
  const { value: samples, usage } = await measure(bench.target.pid, async () => {
    const times: number[] = [];
    for (let index = 0; index < PAGES_PER_DEPTH; index++) {
      const position = Math.max(0, span + index);
      const startAfter =
        delimiter === undefined ? layout.key(position) : layout.key(position * layout.perPrefix);
      const start = performance.now();
      pages.push(
        await listPage(bench.target, {
          bucket: layout.bucket,
          startAfter,
          ...(delimiter !== undefined && { delimiter }),
        }),
      );
      times.push(performance.now() - start);
    }
    return times;
  });
  return listRow({ id: plan.id, samples, pages, expected: PAGE * PAGES_PER_DEPTH, note: 'one page' }, usage);
}

async function lookupRow(bench: Bench, layout: Layout, id: string): Promise<Row> {
  let errors = 0;
  const { value: samples, usage } = await measure(bench.target.pid, async () => {
    const times: number[] = [];
    // A step that shares no factor with the count visits keys far apart.
    for (let index = 0; index < LOOKUPS; index++) {
      const key = layout.key((index * 7_919_317) % layout.count);
      const start = performance.now();
      const answer = await send(bench.target, 'HEAD', `/${layout.bucket}/${key}`);
      times.push(performance.now() - start);
      if (answer.status !== 200) errors++;
    }
    return times;
  });
  const counts = { id, group: 'list', connections: 1, client: 'node', requests: LOOKUPS, bytes: 0 } as const;
  return makeRow({ ...counts, errors, seconds: seconds(samples), ...summarizeLatency(samples) }, usage);
}

interface ListSamples {
  id: string;
  samples: number[];
  pages: readonly string[];
  /** keys and common prefixes that all pages together should hold */
  expected: number;
  note: string;
}

function listRow(list: ListSamples, usage: Parameters<typeof makeRow>[1]): Row {
  const keys = countEntries(list.pages);
  return makeRow(
    {
      id: list.id,
      group: 'list',
      connections: 1,
      client: 'node',
      requests: list.pages.length,
      errors: keys === list.expected ? 0 : 1,
      seconds: seconds(list.samples),
      bytes: 0,
      keys,
      ...summarizeLatency(list.samples),
      note: keys === list.expected ? list.note : `${keys} entries where ${list.expected} were expected`,
    },
    usage,
  );
}

/** Keys and common prefixes. */
function countEntries(pages: readonly string[]): number {
  return pages.reduce((sum, page) => sum + countTags(page, 'Key') + countTags(page, 'CommonPrefixes'), 0);
}

function seconds(samples: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / 1000;
}
