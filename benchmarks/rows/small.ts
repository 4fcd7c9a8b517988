/**
 * @module PUT, GET, HEAD and DELETE of small objects at given numbers of connections, each request for a key of its own.
 */

import { type Bench, OBJECT_BUCKET, runRow } from '../bench.ts';
import { hasWrk, replay, type ReplayResult } from '../load/replay.ts';
import { measure } from '../measure.ts';
import { type RequestFile, writeRequests } from '../requests.ts';
import { sendOk } from '../s3-client.ts';
import { formatSize } from '../units.ts';
import { fill } from './fill.ts';
import { makeRow, type Row } from './row.ts';

export type Method = 'PUT' | 'GET' | 'HEAD' | 'DELETE';

export const METHODS: readonly Method[] = ['PUT', 'GET', 'HEAD', 'DELETE'];
// Enough signed keys that a fast server does not come round to the first ones within the time.
const REQUESTS_PER_SECOND_MAX = 15_000;
const REQUESTS_PER_SECOND_MAX_ALONE = 3_000;
const READ_KEYS_MAX = 10_000;
const READ_KEYS_MIN = 500;
const ALONE_SECONDS = 1;

/** Measures every method asked for, at every number of connections, for objects of one size. */
export async function smallRows(bench: Bench, objectBytes: number): Promise<void> {
  const objects = new SmallObjects(bench, objectBytes);
  for (const method of METHODS) {
    const group = method.toLowerCase() as Lowercase<Method>;
    if (!bench.options.only.has(group)) continue;
    for (const connections of bench.options.connections) {
      const id = `${method} ${formatSize(objectBytes)} x${connections}`;
      await runRow(bench, id, () => measureSmall(bench, objects, { id, group, method, connections }));
    }
  }
}

export interface SmallPlan {
  id: string;
  group: Lowercase<Method>;
  method: Method;
  connections: number;
}

/** The reads and the deletions are of what the PUT row with as many connections made, if there was one. */
export async function measureSmall(bench: Bench, objects: SmallObjects, plan: SmallPlan): Promise<Row> {
  const { id, group, method, connections } = plan;
  const requests = await objects.requestsFor(method, connections);
  const load = {
    requests,
    connections,
    seconds: bench.options.durationSeconds,
    once: method === 'DELETE',
  };
  const { value, usage } = await measure(bench.target.pid, () =>
    replay({ ...load, endpoint: bench.target.endpoint }),
  );
  if (method === 'PUT') objects.written(connections, value.answeredFromStart);
  const bytes = method === 'PUT' || method === 'GET' ? value.requests * objects.objectBytes : 0;
  const wrapped = method === 'PUT' && value.answeredFromStart === requests.count;
  return makeRow(
    {
      ...value,
      id,
      group,
      objectBytes: objects.objectBytes,
      connections,
      bytes,
      clientAlonePerSecond: await aloneRate(bench, load),
      note: wrapped ? `some of the ${requests.count} keys were overwritten` : undefined,
    },
    usage,
  );
}

async function aloneRate(
  bench: Bench,
  load: { requests: RequestFile; connections: number; once: boolean },
): Promise<number | undefined> {
  const { aloneConnections } = bench.options;
  if (bench.sink === undefined) return undefined;
  if (aloneConnections !== 'all' && !aloneConnections.includes(load.connections)) return undefined;
  const result: ReplayResult = await replay({
    ...load,
    endpoint: bench.sink,
    once: false,
    seconds: ALONE_SECONDS,
  });
  return result.requests / result.seconds;
}

export interface SmallPlace {
  bucket: string;
  /** the sets are written one after another; each index once */
  key: (set: number, index: number) => string;
}

/** The objects of one size: which keys exist, and signed requests for them. */
export class SmallObjects {
  readonly objectBytes: number;
  readonly #bench: Bench;
  readonly #place: SmallPlace;
  /** by connections of the PUT row that made them: how many keys there are */
  readonly #written = new Map<number, number>();
  readonly #reads = new Map<Method, RequestFile>();

  /** `place` tells the bucket and the keys; the ones of this benchmark otherwise */
  constructor(bench: Bench, objectBytes: number, place?: SmallPlace) {
    this.#bench = bench;
    this.objectBytes = objectBytes;
    // The sink reads the size from the key.
    const key = (set: number, index: number) => `${objectBytes}/c${set}/${String(index).padStart(7, '0')}`;
    this.#place = place ?? { bucket: OBJECT_BUCKET, key };
  }

  written(connections: number, count: number): void {
    this.#written.set(connections, count);
  }

  requestsFor(method: Method, connections: number): Promise<RequestFile> {
    if (method === 'PUT') return this.#forPut(connections);
    if (method === 'DELETE') return this.#forDelete(connections);
    return this.#forRead(method);
  }

  async #forPut(connections: number): Promise<RequestFile> {
    const rate = connections === 1 ? REQUESTS_PER_SECOND_MAX_ALONE : REQUESTS_PER_SECOND_MAX;
    const count = rate * this.#bench.options.durationSeconds;
    const key = this.#key(connections, count);
    // Fails here, with the server's words, if it would fail at all.
    await sendOk(this.#bench.target, 'PUT', `/${this.#place.bucket}/${key}`, {
      body: Buffer.alloc(this.objectBytes),
    });
    return this.#write('PUT', connections, count);
  }

  /** All connection numbers read the same objects. */
  async #forRead(method: Method): Promise<RequestFile> {
    let requests = this.#reads.get(method);
    if (requests === undefined) {
      let [connections, count] = [...this.#written].sort((a, b) => b[1] - a[1])[0] ?? [0, 0];
      count = Math.min(count, READ_KEYS_MAX);
      if (count < READ_KEYS_MIN) {
        connections = 0;
        count = READ_KEYS_MAX / 5;
        await this.#fill(connections, count);
      }
      await sendOk(this.#bench.target, method, `/${this.#place.bucket}/${this.#key(connections, 0)}`);
      requests = this.#write(method, connections, count);
      this.#reads.set(method, requests);
    }
    return requests;
  }

  /** What the PUT row with as many connections made, or as many objects as last for a while. */
  async #forDelete(connections: number): Promise<RequestFile> {
    let count = this.#written.get(connections) ?? 0;
    if (count < READ_KEYS_MIN) {
      count = READ_KEYS_MAX / 5;
      await this.#fill(connections, count);
    }
    return this.#write('DELETE', connections, count);
  }

  async #fill(set: number, count: number): Promise<void> {
    const { objectBytes } = this;
    await fill(this.#bench, {
      bucket: this.#place.bucket,
      count,
      key: (index) => this.#key(set, index),
      objectBytes,
    });
    this.#written.set(set, count);
  }

  #write(method: Method, set: number, count: number): RequestFile {
    return writeRequests({
      target: this.#bench.target,
      scratch: this.#bench.scratch,
      name: `${method}-${this.objectBytes}`,
      method,
      bucket: this.#place.bucket,
      keys: Array.from({ length: count }, (_, index) => this.#key(set, index)),
      ...(method === 'PUT' && { bodyBytes: this.objectBytes }),
    });
  }

  #key(set: number, index: number): string {
    return this.#place.key(set, index);
  }
}

/** Said once above the table. */
export function smallClientNote(): string {
  return hasWrk()
    ? 'Small objects: wrk; HEAD: raw sockets in its LuaJIT (wrk waits for the body that HEAD never sends).'
    : 'wrk is not installed: small objects are loaded by raw sockets in Node, which costs the server processor time.';
}
