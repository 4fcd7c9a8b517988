/**
 * @module Hostile requests against one real server, for as long as it is told: none may be answered 500, hang, stall others,
 * cost memory that is kept, or have a secret logged; and afterwards the store is whole, and what was not theirs is untouched.
 */

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Random } from '../fuzz/random.ts';
import type { Slice } from '../proof/proof.ts';
import { fsckOf } from '../support/fsck.ts';
import { CREDENTIALS, launchServer } from '../support/server-process.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { text } from '../support/xml.ts';
import { shoot } from './answers.ts';
import type { Seen } from './answers.ts';
import { CANARY_BODY, CANARY_KEY } from './canary-process.ts';
import type { CanaryReport } from './canary-process.ts';
import { makeShot } from './shot.ts';
import type { Shot, World } from './shot.ts';

const ALICE = { accessKeyId: 'ALICEHOSTILE', secretAccessKey: 'alice-secret-that-is-hers' };
const LANES = 24;
/** One thread of the server was busy for so long while somebody waited. */
const STALL_MS = 100;
/** What caches and V8's heap may settle at after warm-up, and a margin for its moods. */
const GROWTH_MIB_MAX = 60;
const RSS_EACH = 500;

export type CampaignOptions = Omit<Slice, 'settings'>;

export async function runCampaign(options: CampaignOptions): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-hostile-'));
  const server = await launchServer({
    dataDir,
    arguments: ['--threads', '1', '--buckets', 'canary'],
    env: { CISTERN_USERS: JSON.stringify([{ name: 'alice', ...ALICE }]) },
  });
  let canary: ChildProcess | undefined;
  try {
    const world = await settle(server);
    canary = startCanary(server, options);
    // Who watches has to be there first.
    await Promise.race([once(canary, 'message'), once(canary, 'exit')]);
    await Promise.all(
      Array.from({ length: LANES }, (_, lane) =>
        shootAll(server, world, { ...options, seed: `${options.seed} ${lane}` }, lane),
      ),
    );
    canary.kill();
    await checkAfterwards(server, dataDir, options);
  } finally {
    canary?.kill('SIGKILL');
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Things of alice's to be had, and one of root's. */
async function settle({ s3: root, endpoint }: ServerProcess): Promise<World> {
  await root.put('canary', CANARY_KEY, CANARY_BODY);
  const s3 = root.as(ALICE);
  const buckets = [await s3.freshBucket(), await s3.freshBucket()];
  const [plain = '', versioned = ''] = buckets;
  const status = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
  await s3.bucket('PUT', versioned, { query: 'versioning', body: status });
  const keys = ['key', 'a b/é', 'large', '..'];
  for (const bucket of buckets)
    for (const key of keys) await s3.put(bucket, key, key === 'large' ? randomBytes(300_000) : key);
  const uploads: string[] = [];
  for (let index = 0; index < 3; index++) {
    const begun = await s3.object('POST', plain, 'key', { query: 'uploads' });
    const id = text(begun.text, 'UploadId') ?? '';
    await s3.object('PUT', plain, 'key', { query: { partNumber: '1', uploadId: id }, body: 'part' });
    uploads.push(id);
  }
  return {
    host: new URL(endpoint).host,
    credentials: ALICE,
    buckets,
    keys: keys.map(encodeURIComponent),
    uploads,
  };
}

function startCanary(server: ServerProcess, options: CampaignOptions): ChildProcess {
  const { accessKeyId, secretAccessKey } = CREDENTIALS;
  const script = fileURLToPath(new URL('canary-process.ts', import.meta.url));
  const child = fork(script, [
    server.endpoint,
    accessKeyId,
    secretAccessKey,
    String(server.child.pid),
    'canary',
  ]);
  child.on('message', (message) => {
    const { asked, busiestMs, worstMs, failures } = message as CanaryReport;
    options.count('canary requests', asked);
    for (const failure of failures) options.violation(`the canary: ${failure}`);
    if (busiestMs > STALL_MS)
      options.violation(
        `a thread was busy for ${busiestMs.toFixed(0)} ms while somebody waited (${worstMs.toFixed(0)} ms)`,
      );
  });
  return child;
}

async function shootAll(
  server: ServerProcess,
  world: World,
  options: CampaignOptions,
  lane: number,
): Promise<void> {
  const random = new Random(options.seed);
  const memory = new Memory(server, options);
  for (
    let count = 0;
    !options.over() && server.child.exitCode === null && server.child.signalCode === null;
    count++
  ) {
    const shot = makeShot(random, world);
    const cuts = random.oneIn(5) ? 1 + random.below(20) : 1;
    const seen = await shoot(server.endpoint, shot, cuts);
    options.count('requests');
    for (const status of seen.statuses) options.count(`answers ${Math.floor(status / 100)}xx`);
    judge(shot, seen, options);
    if (lane === 0 && count % RSS_EACH === 0) await memory.look();
  }
  if (lane === 0) memory.judge();
  if (server.child.exitCode !== null || server.child.signalCode !== null)
    options.violation(`the server has ended: ${server.log().slice(-2000)}`);
}

function judge(shot: Shot, { statuses, stuck, text: seen }: Seen, { violation }: CampaignOptions): void {
  const told = (): string =>
    `  sent, Base64: ${shot.bytes.subarray(0, 6000).toString('base64')}\n  ${JSON.stringify(shot.bytes.toString('latin1', 0, 700))}\n  seen: ${JSON.stringify(seen.slice(0, 600))}`;
  if (stuck) violation(`a connection was neither answered to its end nor closed\n${told()}`);
  const code = /<Code>(\w+)<\/Code>/.exec(seen)?.[1];
  for (const status of statuses) {
    if (status < 500 || (status === 501 && (code === 'NotImplemented' || shot.method === 'HEAD'))) continue;
    // Node.js answers so itself to a version of HTTP that it does not speak.
    if (status === 505) continue;
    violation(`${status} ${code}\n${told()}`);
  }
  if (shot.isFramed && statuses.length === 0 && !stuck) {
    if (!/x-cistern-follow/i.test(shot.bytes.toString('latin1'))) violation(`no answer\n${told()}`);
  }
}

/** Compares what it settled at with what it has come to. */
class Memory {
  readonly #server: ServerProcess;
  readonly #options: CampaignOptions;
  readonly #mib: number[] = [];

  constructor(server: ServerProcess, options: CampaignOptions) {
    this.#server = server;
    this.#options = options;
  }

  async look(): Promise<void> {
    const status = await readFile(`/proc/${this.#server.child.pid}/status`, 'utf8').catch(() => '');
    const kib = /^VmRSS:\s+(\d+)/m.exec(status)?.[1];
    if (kib !== undefined) this.#mib.push(Number(kib) / 1024);
  }

  judge(): void {
    const { length } = this.#mib;
    // Too short for it to have settled.
    if (length < 9) return;
    const median = (list: readonly number[]): number =>
      list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
    const second = median(this.#mib.slice(Math.floor(length / 3), Math.floor((2 * length) / 3)));
    const third = median(this.#mib.slice(Math.floor((2 * length) / 3)));
    this.#options.log(
      `resident: ${second.toFixed(0)} MiB in the second third, ${third.toFixed(0)} MiB in the last`,
    );
    if (third - second > GROWTH_MIB_MAX)
      this.#options.violation(`memory grows: from ${second.toFixed(0)} to ${third.toFixed(0)} MiB`);
  }
}

async function checkAfterwards(
  server: ServerProcess,
  dataDir: string,
  { violation, log }: CampaignOptions,
): Promise<void> {
  const kept = await server.s3.object('GET', 'canary', CANARY_KEY);
  if (kept.text !== CANARY_BODY) violation(`the canary's object is ${kept.status} ${kept.text}`);
  server.child.kill('SIGTERM');
  const code = await server.exited;
  if (code !== 0) violation(`the server ended with ${code}: ${server.log().slice(-2000)}`);
  const said = server.log();
  for (const secret of [CREDENTIALS.secretAccessKey, ALICE.secretAccessKey])
    if (said.includes(secret)) violation('a secret is in the log');
  for (const line of said
    .split('\n')
    .filter((one) => /request failed|"level":(?:50|60)/.test(one))
    .slice(0, 5))
    violation(`the log: ${line.slice(0, 1500)}`);
  const { code: fsckCode, output } = await fsckOf(dataDir);
  log(`fsck: ${output.trim().split('\n').at(-1) ?? ''}`);
  if (fsckCode !== 0) violation(`fsck ended with ${fsckCode}: ${output.slice(-2000)}`);
}
