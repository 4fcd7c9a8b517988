/**
 * @module What bad clients and bad networks do, a round each: many connections at once, which are all gone when it resolves.
 * Each resolves to how many there were.
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

import { Pool } from 'undici';

import type { Random } from '../fuzz/random.ts';
import { eventually } from '../support/eventually.ts';
import { readMetric } from '../support/metrics.ts';
import { formatHead } from '../support/raw-http.ts';
import { objectPath, S3 } from '../support/s3.ts';
import { resetSocket } from '../support/tcp-faults.ts';
import type { TcpFault } from '../support/tcp-faults.ts';
import { seededBytes } from '../faults/seeded.ts';
import { idleTls } from './idle-tls.ts';
import { BUCKET, keysOf, LARGE } from './world.ts';
import type { World } from './world.ts';

export interface Round {
  readonly world: World;
  readonly random: Random;
  /** what it is to do meanwhile: resolves when others were served for a while */
  readonly others: () => Promise<void>;
  readonly violation: (report: string) => void;
  /** a tenth of the connections, for the short form */
  readonly small: boolean;
}

export type RoundKind = (round: Round) => Promise<number>;

/** Ports of one address are not enough for tens of thousands of connections that come and go. */
const ADDRESSES = 200;
let nextAddress = 0;

async function open({ server }: World, options: { paused?: boolean } = {}): Promise<Socket> {
  const { hostname, port } = new URL(server.endpoint);
  const localAddress = `127.0.${1 + (nextAddress++ % ADDRESSES)}.1`;
  const socket = connect({
    host: hostname,
    port: Number(port),
    localAddress,
    noDelay: true,
    allowHalfOpen: true,
  });
  // How it ends is the server's business, and ours below.
  socket.on('error', () => undefined);
  if (options.paused !== true) socket.resume();
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return socket;
}

async function openAll(world: World, count: number, options?: { paused?: boolean }): Promise<Socket[]> {
  const sockets: Socket[] = [];
  const BATCH = 250;
  while (sockets.length < count) {
    const next = Math.min(BATCH, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: next }, () => open(world, options)))));
  }
  return sockets;
}

function endAll(sockets: readonly Socket[], random: Random): void {
  for (const socket of sockets) {
    if (random.oneIn(2)) resetSocket(socket);
    else socket.destroy();
  }
}

function head(
  world: World,
  method: string,
  key: string,
  more: readonly [string, string][] = [],
  query = '',
): string {
  const request = world.s3.prepare(method, objectPath(BUCKET, key), { payload: 'UNSIGNED-PAYLOAD', query });
  return formatHead(method, request.target, [...request.headers, ...more]);
}

/** Ten thousand that say nothing, on two threads. */
const idle: RoundKind = async ({ world, random, others, violation, small }) => {
  const count = small ? 500 : 10_000;
  const sockets = await openAll(world, count);
  await others();
  // The last of them may still wait to be accepted.
  await eventually(async () => {
    const served = await readMetric(world.s3, 'cistern_connections');
    if (served < count) throw new Error(`of ${count} idle connections the server holds ${served}`);
  }).catch((error: unknown) => violation(String(error)));
  // The oldest of them is as good as new.
  const [first] = sockets;
  if (first !== undefined) {
    first.write(head(world, 'GET', 'small'));
    const [answer] = (await once(first, 'data')) as [Buffer];
    if (!answer.toString('latin1').startsWith('HTTP/1.1 200'))
      violation(`an idle connection was answered ${answer.toString('latin1', 0, 200)}`);
  }
  endAll(sockets, random);
  return count;
};

/** Heads that go on and on, a byte at a time, and never end. */
const endlessHeads: RoundKind = async ({ world, random, others, small }) => {
  const sockets = await openAll(world, small ? 50 : 500);
  for (const socket of sockets) socket.write(`GET /${BUCKET}/small HTTP/1.1\r\nhost: a\r\n`);
  const drip = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write(random.pick(['x', 'x-a: b\r\n', ' ']));
  }, 20);
  await others();
  clearInterval(drip);
  endAll(sockets, random);
  return sockets.length;
};

/** Bodies that stop in the middle: they stall, are cut, or their sender says that this was all. */
const stoppedBodies: RoundKind = async ({ world, random, others, violation, small }) => {
  const count = small ? 30 : 300;
  const upload = await world.s3.object('POST', BUCKET, 'stopped/parts', { query: 'uploads' });
  const id = /<UploadId>(\w+)</.exec(upload.text)?.[1] ?? '';
  const sockets = await openAll(world, count);
  const length = 1_000_000;
  for (const [index, socket] of sockets.entries()) {
    const part = random.oneIn(3);
    const query = part ? `partNumber=${1 + index}&uploadId=${id}` : '';
    socket.write(
      head(
        world,
        'PUT',
        part ? 'stopped/parts' : `stopped/${index}`,
        [['content-length', String(length)]],
        query,
      ),
    );
    socket.write(LARGE.subarray(0, random.pick([0, 1, 1000, 65_536, 300_000, length - 1])));
    if (random.oneIn(3)) socket.end();
  }
  await others();
  endAll(sockets, random);
  await world.settled();
  const keys = await keysOf(world.s3, 'stopped/');
  if (keys.length > 0) violation(`bodies that stopped became objects: ${keys.slice(0, 5).join()}`);
  const parts = await world.s3.object('GET', BUCKET, 'stopped/parts', { query: { uploadId: id } });
  if (parts.status !== 200 || parts.text.includes('<Part>'))
    violation(`bodies that stopped became parts: ${parts.text}`);
  await world.s3.object('DELETE', BUCKET, 'stopped/parts', { query: { uploadId: id } });
  return count;
};

/** Clients that ask and never read: objects, listings, one after another on the same connection. */
const unread: RoundKind = async ({ world, random, others, small }) => {
  const sockets = await openAll(world, small ? 20 : 150, { paused: true });
  for (const socket of sockets) {
    const request = random.oneIn(2) ? head(world, 'GET', 'large') : formatList(world);
    socket.write(request.repeat(random.pick([1, 3, 40, 300])));
  }
  await others();
  endAll(sockets, random);
  return sockets.length;
};

function formatList({ s3 }: World): string {
  const request = s3.prepare('GET', `/${BUCKET}`, { query: 'list-type=2' });
  return formatHead('GET', request.target, request.headers);
}

const WAYS: readonly ((random: Random) => TcpFault)[] = [
  () => ({ up: { pieceBytes: 1 }, down: { pieceBytes: 1 } }),
  () => ({ up: { pieceBytes: 20_000, delayMs: 2 }, down: { pieceBytes: 50_000, delayMs: 2 } }),
  ...(['reset', 'close', 'half-close', 'stall'] as const).flatMap((end) => [
    (random: Random) => ({ up: { bytesMax: random.below(random.oneIn(2) ? 1200 : 1_000_000) }, end }),
    (random: Random) => ({ down: { bytesMax: random.below(random.oneIn(2) ? 600 : 1_000_000) }, end }),
  ]),
];

/** Requests over a broken way: what is answered is true, and what is not answered has happened whole or not at all. */
const brokenWays: RoundKind = async (round) => {
  const { world, random, others, small } = round;
  const count = small ? 16 : 96;
  world.proxy.rule = () => random.pick(WAYS)(random);
  const { credentials, region } = world.s3;
  const pools = Array.from({ length: count }, () => new Pool(world.proxy.origin, { connections: 1 }));
  const clients = pools.map((pool) => new S3({ endpoint: world.proxy.origin, credentials, region, pool }));
  const all = Promise.all(clients.map((client, index) => tryOver(client, index, round)));
  await others();
  // Those that stall are ended from here: nobody else would.
  const ended = setTimeout(() => world.proxy.reset(), 3000);
  await all;
  clearTimeout(ended);
  await Promise.all(pools.map((pool) => pool.destroy()));
  return count;
};

async function tryOver(client: S3, index: number, { world, random, violation }: Round): Promise<void> {
  const key = `broken/${index}`;
  const size = random.pick([0, 10, 70_000, 900_000]);
  const bytes = seededBytes(`${random.next()}`, size);
  if (random.oneIn(2)) {
    const got = await client.object('GET', BUCKET, 'large').catch(() => undefined);
    if (got?.status === 200 && !got.body.equals(LARGE))
      violation(`a whole answer has other bytes: ${sha(got.body)}, ${got.body.length}`);
    return;
  }
  const before = await world.s3.object('GET', BUCKET, key);
  const put = await client.object('PUT', BUCKET, key, { body: bytes }).catch(() => undefined);
  await eventually(async () => {
    const after = await world.s3.object('GET', BUCKET, key);
    const isNew = after.status === 200 && after.body.equals(bytes);
    const isOld = after.status === before.status && (after.status === 404 || after.body.equals(before.body));
    if (put?.status === 200 && !isNew)
      violation(`an acknowledged write is not there: ${after.status}, ${after.body.length} bytes`);
    else if (!isNew && !isOld)
      violation(`a write is neither done nor not: ${after.status}, ${after.body.length} bytes`);
  });
}

function sha(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 12);
}

/** Connections that come and go at once, in the middle of anything. */
const comeAndGo: RoundKind = async ({ world, random, others, small }) => {
  const count = small ? 200 : 2000;
  const BATCH = 100;
  const requests = [
    head(world, 'GET', 'small'),
    head(world, 'GET', 'large'),
    formatList(world),
    head(world, 'HEAD', 'large'),
  ];
  for (let done = 0; done < count; done += BATCH) {
    const sockets = await openAll(world, BATCH);
    for (const socket of sockets) {
      const request = random.pick(requests);
      socket.write(request.slice(0, random.oneIn(2) ? request.length : random.below(request.length)));
    }
    if (random.oneIn(3)) await new Promise((resolve) => setImmediate(resolve));
    endAll(sockets, random);
  }
  await others();
  return count;
};

export const ROUNDS: Readonly<Record<string, RoundKind>> = {
  idle,
  'endless heads': endlessHeads,
  'stopped bodies': stoppedBodies,
  unread,
  'broken ways': brokenWays,
  'come and go': comeAndGo,
  'idle TLS': idleTls,
};
