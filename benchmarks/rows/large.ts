/**
 * @module PUT and GET of large objects in one or more streams.
 */

import { type Bench, OBJECT_BUCKET, runRow } from '../bench.ts';
import type { Bodies } from '../bodies.ts';
import { curlStreams, type CurlResult, type Transfer } from '../load/curl.ts';
import { measure, type Usage } from '../measure.ts';
import { summarizeLatency } from '../percentiles.ts';
import { presignedUrl } from '../signing.ts';
import type { Target } from '../target.ts';
import { formatSize } from '../units.ts';
import { removeObjects } from './fill.ts';
import { makeRow, type Row } from './row.ts';

// What is kept as files to upload at a time, unless one round of all streams needs more.
const POOL_BYTES = 2 ** 30;
const TRANSFERS_PER_STREAM_MAX = 8;

/** Measures PUT and GET, as far as asked for, of objects of one size; removes the objects. */
export async function largeRows(bench: Bench, objectBytes: number): Promise<void> {
  for (const streams of bench.options.streams) {
    const label = `${formatSize(objectBytes)} x${streams}`;
    if (objectBytes * streams > bench.options.volumeBytes) {
      bench.progress(`${label} is left out: it moves more than --volume`);
      continue;
    }
    const plan = planOf(bench, objectBytes, streams);
    let bodies: Bodies | undefined;
    let stored = false;
    const put = async (rounds: number): Promise<{ measured: Measured; bodies: Bodies }> => {
      bodies ??= bench.bodies.take(streams * plan.perRound, objectBytes);
      const measured = await putRounds(bench, { ...plan, rounds }, bodies);
      stored = measured.result.errors === 0;
      return { measured, bodies };
    };
    if (bench.options.only.has('put')) {
      await runRow(bench, `PUT ${label}`, async () => {
        const done = await put(plan.rounds);
        const alone = await aloneRate(bench, (sink) => putTransfers(sink, plan, done.bodies));
        return rowOf(plan, { id: `PUT ${label}`, group: 'put', alone, measured: done.measured });
      });
    }
    if (bench.options.only.has('get')) {
      await runRow(bench, `GET ${label}`, async () => {
        if (!stored) await put(1);
        const measured = await getRounds(bench, plan);
        const alone = await aloneRate(bench, (sink) => getTransfers(sink, plan));
        return rowOf(plan, { id: `GET ${label}`, group: 'get', alone, measured });
      });
    }
    await removeObjects(
      bench,
      Array.from({ length: streams * plan.perRound }, (_, index) => pathOf(plan, index)),
    );
  }
}

interface Plan {
  objectBytes: number;
  streams: number;
  /** transfers of each stream in one round, each with an object of its own */
  perRound: number;
  rounds: number;
}

function planOf(bench: Bench, objectBytes: number, streams: number): Plan {
  const fits = (bytes: number) => Math.max(1, Math.floor(bytes / (objectBytes * streams)));
  const perStream = Math.min(TRANSFERS_PER_STREAM_MAX, fits(bench.options.volumeBytes));
  const perRound = Math.min(perStream, fits(POOL_BYTES));
  return { objectBytes, streams, perRound, rounds: Math.floor(perStream / perRound) };
}

interface Measured {
  result: CurlResult;
  usage: Usage;
}

async function putRounds(bench: Bench, plan: Plan, bodies: Bodies): Promise<Measured> {
  const parts: Measured[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    bodies.renew();
    parts.push(await once(bench, putTransfers(bench.target, plan, bodies)));
  }
  return sum(parts);
}

async function getRounds(bench: Bench, plan: Plan): Promise<Measured> {
  const parts: Measured[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    parts.push(await once(bench, getTransfers(bench.target, plan)));
  }
  return sum(parts);
}

async function once(bench: Bench, streams: Transfer[][]): Promise<Measured> {
  const { value, usage } = await measure(bench.target.pid, () => curlStreams(streams));
  if (value.failure !== undefined) bench.progress(`  ${value.failure}`);
  return { result: value, usage };
}

interface RowParts {
  id: string;
  group: 'put' | 'get';
  alone: number | undefined;
  measured: Measured;
}

function rowOf(plan: Plan, { id, group, alone, measured }: RowParts): Row {
  const { result, usage } = measured;
  return makeRow(
    {
      id,
      group,
      objectBytes: plan.objectBytes,
      connections: plan.streams,
      client: 'curl',
      requests: result.latencies.length,
      errors: result.errors,
      seconds: result.seconds,
      bytes: result.bytes,
      ...summarizeLatency(result.latencies),
      clientAlonePerSecond: alone,
    },
    usage,
  );
}

/** Transfers a second of one round against the server that does nothing. */
async function aloneRate(
  bench: Bench,
  transfersTo: (sink: Target) => Transfer[][],
): Promise<number | undefined> {
  if (bench.sink === undefined) return undefined;
  const result = await curlStreams(transfersTo({ ...bench.target, endpoint: bench.sink }));
  return result.latencies.length / result.seconds;
}

function putTransfers(target: Target, plan: Plan, bodies: Bodies): Transfer[][] {
  return transfers(plan, (index): Transfer => {
    const file = bodies.files[index];
    if (file === undefined) throw new RangeError(`no body for object ${index}`);
    return { method: 'PUT', url: presignedUrl(target, 'PUT', pathOf(plan, index)), file };
  });
}

function getTransfers(target: Target, plan: Plan): Transfer[][] {
  return transfers(plan, (index) => ({
    method: 'GET',
    url: presignedUrl(target, 'GET', pathOf(plan, index)),
  }));
}

function transfers(plan: Plan, make: (index: number) => Transfer): Transfer[][] {
  return Array.from({ length: plan.streams }, (_, stream) =>
    Array.from({ length: plan.perRound }, (_unused, index) => make(stream * plan.perRound + index)),
  );
}

function pathOf(plan: Plan, index: number): string {
  return `/${OBJECT_BUCKET}/${plan.objectBytes}/large/${index}`;
}

function sum(parts: readonly Measured[]): Measured {
  const add = (pick: (part: Measured) => number) => parts.reduce((total, part) => total + pick(part), 0);
  const cpu = parts.every((part) => part.usage.serverCpuSeconds !== undefined);
  const peaks = parts.flatMap((part) => part.usage.serverPeakRssBytes ?? []);
  return {
    result: {
      seconds: add((part) => part.result.seconds),
      bytes: add((part) => part.result.bytes),
      errors: add((part) => part.result.errors),
      latencies: parts.flatMap((part) => part.result.latencies),
      failure: parts.find((part) => part.result.failure !== undefined)?.result.failure,
    },
    usage: {
      seconds: add((part) => part.usage.seconds),
      clientCpuSeconds: add((part) => part.usage.clientCpuSeconds),
      serverCpuSeconds: cpu ? add((part) => part.usage.serverCpuSeconds ?? 0) : undefined,
      serverPeakRssBytes: peaks.length === 0 ? undefined : Math.max(...peaks),
    },
  };
}
