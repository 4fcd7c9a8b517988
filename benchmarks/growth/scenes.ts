/**
 * @module What is measured on buckets of all sizes: objects written between those that are there, look-ups of those, and
 * pages of listings at any depth.
 */

import { type Bench, runRow } from '../bench.ts';
import { replay } from '../load/replay.ts';
import { measure } from '../measure.ts';
import type { Options } from '../options.ts';
import { summarizeLatency } from '../percentiles.ts';
import { writeRequests } from '../requests.ts';
import { makeRow, type Row } from '../rows/row.ts';
import { measureSmall, METHODS, SmallObjects } from '../rows/small.ts';
import { countTags, listPage } from '../s3-client.ts';
import type { Act, Scene } from '../side-by-side/scene.ts';
import { formatCount } from '../units.ts';
import { FILLED_OBJECT_BYTES } from './fill-catalog.ts';
import { type GrownLayout, spread } from './layout.ts';

const OBJECT_BYTES = 4096;
const READ_KEYS = 20_000;

/** `layoutOf` tells the bucket of each contender. */
export function growthScenes(options: Options, layoutOf: (bench: Bench) => GrownLayout): Scene[] {
  const [connections = 64] = options.connections;
  const rows = { layoutOf, connections, seconds: options.durationSeconds };
  return [
    { groups: ['put', 'get', 'head', 'delete'], acts: () => [...smallActs(rows), ...readActs(rows)] },
    { groups: ['list'], acts: () => pageActs(layoutOf) },
  ];
}

interface Rows {
  layoutOf: (bench: Bench) => GrownLayout;
  connections: number;
  seconds: number;
}

/** PUT, GET, HEAD and DELETE of objects of 4 KiB between the others. */
function smallActs({ layoutOf, connections }: Rows): Act[] {
  const objects = new Map<Bench, SmallObjects>();
  const objectsOf = (bench: Bench): SmallObjects => {
    const { bucket, between } = layoutOf(bench);
    const own = objects.get(bench) ?? new SmallObjects(bench, OBJECT_BYTES, { bucket, key: between });
    objects.set(bench, own);
    return own;
  };
  return METHODS.map((method) => async (bench) => {
    const group = method.toLowerCase() as Lowercase<typeof method>;
    if (!bench.options.only.has(group)) return;
    const id = `${method} 4 KiB x${connections}`;
    await runRow(bench, id, () => measureSmall(bench, objectsOf(bench), { id, group, method, connections }));
  });
}

/** GET and HEAD of the objects that were there, all over the bucket. */
function readActs({ layoutOf, connections, seconds }: Rows): Act[] {
  return (['GET', 'HEAD'] as const).map((method) => async (bench) => {
    const group = method.toLowerCase() as Lowercase<typeof method>;
    if (!bench.options.only.has(group)) return;
    const id = `${method} of all x${connections}`;
    await runRow(bench, id, async () => {
      const { bucket, key, count } = layoutOf(bench);
      const keys = Array.from({ length: READ_KEYS }, (_, index) => key(spread(index, count)));
      const { target, scratch } = bench;
      const requests = writeRequests({ target, scratch, name: `all-${method}`, method, bucket, keys });
      const load = { endpoint: target.endpoint, requests, connections, seconds, once: false };
      const { value, usage } = await measure(target.pid, () => replay(load));
      const counts = { ...value, id, group, connections, objectBytes: FILLED_OBJECT_BYTES, bytes: 0 };
      return makeRow(counts, usage);
    });
  });
}

const DEPTHS = { start: 0, middle: 0.5, end: 1 } as const;

/** A page takes what it returns: prefixes are few, because the smallest bucket has few, and asked for more often. */
const KINDS = [
  { what: 'keys', delimiter: undefined, entries: 1000, pages: 50 },
  { what: 'prefixes', delimiter: '/', entries: 10, pages: 500 },
];

function pageActs(layoutOf: Rows['layoutOf']): Act[] {
  return KINDS.flatMap((kind) =>
    Object.entries(DEPTHS).map(([depth, share]): Act => (bench) => {
      const id = `page of ${formatCount(kind.entries)} ${kind.what}, ${depth}`;
      return runRow(bench, id, () => pageRow(bench, layoutOf(bench), { ...kind, id, share }));
    }),
  );
}

interface PagePlan {
  id: string;
  delimiter: string | undefined;
  entries: number;
  pages: number;
  /** where in the bucket the page is: 0 the first, 1 the last full one */
  share: number;
}

async function pageRow(bench: Bench, layout: GrownLayout, plan: PagePlan): Promise<Row> {
  const { id, delimiter, pages } = plan;
  const perEntry = delimiter === undefined ? 1 : layout.perPrefix;
  const first = Math.floor(plan.share * (Math.ceil(layout.count / perEntry) - plan.entries)) * perEntry;
  let entries = 0;
  const { value: samples, usage } = await measure(bench.target.pid, async () => {
    const times: number[] = [];
    for (let index = 0; index < pages; index++) {
      const began = performance.now();
      const page = await listPage(bench.target, {
        bucket: layout.bucket,
        maxKeys: plan.entries,
        ...(first > 0 && { startAfter: layout.key(first - 1) }),
        ...(delimiter !== undefined && { delimiter }),
      });
      times.push(performance.now() - began);
      entries += countTags(page, 'Key') + countTags(page, 'CommonPrefixes');
    }
    return times;
  });
  const expected = pages * plan.entries;
  return makeRow(
    {
      id,
      group: 'list',
      connections: 1,
      client: 'node',
      requests: pages,
      errors: entries === expected ? 0 : 1,
      seconds: samples.reduce((sum, sample) => sum + sample, 0) / 1000,
      bytes: 0,
      ...summarizeLatency(samples),
      note: entries === expected ? undefined : `${entries} entries where ${expected} were expected`,
    },
    usage,
  );
}
