/**
 * One client doing one row's work in a process of its own, so that its processor time and memory are its own: started by
 * run-client.ts with its orders as an argument, prints what it measured as JSON.
 */

import { getKey, GET_KEYS, LARGE_KEY, largeBody, listKey, doWork } from './work.ts';
import type { RowName, Volume } from './work.ts';
import type { Client, ClientTarget } from './clients/client.ts';
import { CLIENTS } from './clients/index.ts';

export interface Orders {
  /** a name of CLIENTS */
  readonly client: string;
  readonly target: ClientTarget;
  readonly volume: Volume;
  readonly seed: number;
  /** undefined: write what the rows read */
  readonly row: RowName | undefined;
}

export interface Measured {
  readonly operations: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/** Before the clock runs: connections are made, and code is compiled. */
const WARM_UP_MS = 500;

async function prepare(client: Client, { volume, seed }: Orders): Promise<void> {
  const body = new Uint8Array(volume.objectBytes);
  for (let index = 0; index < GET_KEYS; index++) {
    new DataView(body.buffer).setFloat64(0, seed + index);
    await client.put(getKey(index), body);
  }
  await client.putStream(LARGE_KEY, largeBody(volume.largeBytes, seed), volume.largeBytes);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < volume.keys) await client.put(listKey(next++), new Uint8Array(1));
  };
  await Promise.all(Array.from({ length: 64 }, worker));
}

async function measure(client: Client, row: RowName, { volume, seed }: Orders): Promise<Measured> {
  if (row.work === 'put' || row.work === 'get') {
    await doWork(client, row, { ...volume, durationMs: WARM_UP_MS }, seed + 1);
  } else {
    await client.get(getKey(0));
  }
  const cpu = process.cpuUsage();
  const started = performance.now();
  const done = await doWork(client, row, volume, seed);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    ...done,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

const orders = JSON.parse(process.argv[2] ?? '') as Orders;
const entry = CLIENTS.find(({ name }) => name === orders.client);
if (entry === undefined) throw new Error(`There is no client ${orders.client}`);
const client = await (await entry.load()).openClient(orders.target);
if (orders.row === undefined) await prepare(client, orders);
else console.log(JSON.stringify(await measure(client, orders.row, orders)));
await client.close();
process.exit(0);
