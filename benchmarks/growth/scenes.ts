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
import { FILLED_OBJECT_BYTES } from './fill-catalog.ts';
import { type GrownLayout, spread } from './layout.ts';

const OBJECT_BYTES = 4096;
const PAGE = 1000;
const PAGES = 50;
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
  return METHODS.map((method) => (bench) => {
    const group = method.toLowerCase() as Lowercase<typeof method>;
    const id = `${method} 4 KiB x${connections}`;
    return runRow(bench, id, () => measureSmall(bench, objectsOf(bench), { id, group, method, connections }));
  });
}

/** GET and HEAD of the objects that were there, all over the bucket. */
function readActs({ layoutOf, connections, seconds }: Rows): Act[] {
  return (['GET', 'HEAD'] as const).map((method) => (bench) => {
    const id = `${method} of all x${connections}`;
    return runRow(bench, id, async () => {
      const { bucket, key, count } = layoutOf(bench);
      const keys = Array.from({ length: READ_KEYS }, (_, index) => key(spread(index, count)));
      const { target, scratch } = bench;
      const requests = writeRequests({ target, scratch, name: `all-${method}`, method, bucket, keys });
      const load = { endpoint: target.endpoint, requests, connections, seconds, once: false };
      const { value, usage } = await measure(target.pid, () => replay(load));
      const group = method.toLowerCase() as Lowercase<typeof method>;
      const counts = { ...value, id, group, connections, objectBytes: FILLED_OBJECT_BYTES, bytes: 0 };
      return makeRow(counts, usage);
    });
  });
}

const DEPTHS = { start: 0, middle: 0.5, end: 1 } as const;

function pageActs(layoutOf: Rows['layoutOf']): Act[] {
  return [undefined, '/'].flatMap((delimiter) =>
    Object.entries(DEPTHS).map(([depth, share]): Act => (bench) => {
      const id = `page of 1,000 ${delimiter === undefined ? 'keys' : 'prefixes'}, ${depth}`;
      return runRow(bench, id, () => pageRow(bench, layoutOf(bench), { id, delimiter, share }));
    }),
  );
}

interface PagePlan {
  id: string;
  delimiter: string | undefined;
  /** where in the bucket the page is: 0 the first, 1 the last full one */
  share: number;
}

async function pageRow(bench: Bench, layout: GrownLayout, { id, delimiter, share }: PagePlan): Promise<Row> {
  const perEntry = delimiter === undefined ? 1 : layout.perPrefix;
  const first = Math.floor(share * (Math.ceil(layout.count / perEntry) - PAGE)) * perEntry;
  let entries = 0;
  const { value: samples, usage } = await measure(bench.target.pid, async () => {
    const times: number[] = [];
    for (let index = 0; index < PAGES; index++) {
      const began = performance.now();
      const page = await listPage(bench.target, {
        bucket: layout.bucket,
        ...(first > 0 && { startAfter: layout.key(first - 1) }),
        ...(delimiter !== undefined && { delimiter }),
      });
      times.push(performance.now() - began);
      entries += countTags(page, 'Key') + countTags(page, 'CommonPrefixes');
    }
    return times;
  });
  return makeRow(
    {
      id,
      group: 'list',
      connections: 1,
      client: 'node',
      requests: PAGES,
      errors: entries === PAGES * PAGE ? 0 : 1,
      seconds: samples.reduce((sum, sample) => sum + sample, 0) / 1000,
      bytes: 0,
      ...summarizeLatency(samples),
      note: entries === PAGES * PAGE ? undefined : `${entries} entries where ${PAGES * PAGE} were expected`,
    },
    usage,
  );
}
