/**
 * @module Our server over a bucket of a given number of objects: filled before its first start, and started again as
 * often as each row is measured.
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { diskBytes } from '../disk-usage.ts';
import { ensureBucket, send, sendOk } from '../s3-client.ts';
import { type OwnServer, startOwnServer } from '../server-process.ts';
import { type Contender, contender, OWN_DURABILITY, type Surroundings } from '../side-by-side/contender.ts';
import { formatCount } from '../units.ts';
import { fillCatalog } from './fill-catalog.ts';
import { grownLayout, type GrownLayout } from './layout.ts';

export interface GrownServer extends Contender {
  layout: GrownLayout;
  /** of the data directory, filled and at rest */
  diskBytes: number;
}

const PROGRESS_EVERY = 1_000_000;

/** Takes what a run with `--keep` has left in the same directory. */
export async function grownServer(around: Surroundings, count: number): Promise<GrownServer> {
  const layout = grownLayout(count);
  const directory = join(around.parentDirectory, `cistern-bench-grown-${count}`);
  mkdirSync(directory, { recursive: true });
  const start = () => startOwnServer({ directory, extraArguments: around.options.serverArguments });
  let server = await start();
  const filled = await isFilled(server, layout);
  await server.stop();
  const dataDirectory = join(directory, 'data');
  if (!filled) {
    const report = (done: number) => {
      if (done % PROGRESS_EVERY === 0)
        around.progress(`${formatCount(done)} of ${formatCount(count)} objects`);
    };
    // The last one goes in through the server: it says that all others are there.
    await fillCatalog({ ...layout, dataDirectory, count: count - 1, progress: report });
  }
  const bytes = diskBytes(dataDirectory);
  const starts: number[] = [];
  for (;;) {
    server = await start();
    starts.push(server.target.startMilliseconds ?? Number.NaN);
    if (starts.length === around.options.rounds) break;
    await server.stop();
  }
  const { target } = server;
  if (!filled)
    await sendOk(target, 'PUT', `/${layout.bucket}/${layout.key(count - 1)}`, { body: Buffer.alloc(32) });
  const remove = () => {
    if (!around.options.keep) rmSync(directory, { recursive: true, force: true });
  };
  return {
    ...contender(around, { ...target, name: formatCount(count) }),
    durability: OWN_DURABILITY,
    syncs: true,
    starts,
    layout,
    diskBytes: bytes,
    kill: () => {
      server.kill();
      remove();
    },
    leave: async () => {
      await server.stop();
      remove();
    },
  };
}

async function isFilled({ target }: OwnServer, layout: GrownLayout): Promise<boolean> {
  await ensureBucket(target, layout.bucket);
  const last = await send(target, 'HEAD', `/${layout.bucket}/${layout.key(layout.count - 1)}`);
  return last.status === 200;
}
