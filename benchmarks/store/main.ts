/**
 * `npm run bench:store`: our client library beside others, on the same server, in one run.
 *
 * Every client does every row in a process of its own; on each row they take turns, and medians are printed. The server
 * is this repository's, and shares the machine with the clients, so ratios mean more than figures.
 */

import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { machineFacts } from '../machine.ts';
import { send } from '../s3-client.ts';
import { startOwnServer } from '../server-process.ts';
import { startAzuriteTarget } from './azurite.ts';
import type { ClientTarget } from './clients/client.ts';
import { CLIENTS } from './clients/index.ts';
import type { ClientEntry } from './clients/index.ts';
import type { Measured } from './client-process.ts';
import { INSTALL } from './peers.ts';
import { formatResults } from './report.ts';
import type { Result } from './report.ts';
import { runClient } from './run-client.ts';
import { ROWS } from './work.ts';
import type { Volume } from './work.ts';

const HELP = `npm run bench:store [-- options]

  --quick          one round of a second each, objects of 256 MiB, 10,000 keys
  --rounds <n>     times that each client does each row (3)
  --only <text>    rows whose names contain it
  --clients <text> clients whose names contain it, separated by commas; ours is always measured
  --service <name> s3 or azure; both when left out
  --json <file>    writes what was measured there
  --help           this text

opendal, Azurite and Azure's SDK are measured where they are installed: ${INSTALL}
`;

const BUCKET = 'bench-store';
const FULL: Volume = { durationMs: 3000, objectBytes: 4096, largeBytes: 2 ** 30, keys: 100_000 };
const QUICK: Volume = { durationMs: 1000, objectBytes: 4096, largeBytes: 2 ** 28, keys: 10_000 };

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', default: '' },
    clients: { type: 'string', default: '' },
    service: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function measureService(target: ClientTarget, clients: readonly ClientEntry[]): Promise<Result[]> {
  const volume = values.quick ? QUICK : FULL;
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  const [first] = clients;
  if (first === undefined) return [];
  console.error(`${first.service}: writing what will be read …`);
  let seed = Math.floor(Math.random() * 1e6);
  await runClient({ client: first.name, target, volume, seed, row: undefined });
  const results: Result[] = [];
  for (const row of ROWS.filter(({ id }) => id.includes(values.only))) {
    const measured = new Map<string, Measured[]>(clients.map(({ name }) => [name, []]));
    const failures = new Map<string, string>();
    for (let round = 0; round < rounds; round++) {
      for (const { name } of clients) {
        if (failures.has(name)) continue;
        console.error(`${row.id}: ${name}, round ${round + 1} of ${rounds}`);
        seed += 10;
        try {
          measured.get(name)?.push(await runClient({ client: name, target, volume, seed, row }));
        } catch (error) {
          failures.set(name, lastLine((error as { stderr?: string }).stderr ?? String(error)));
        }
      }
    }
    for (const { name } of clients) {
      const failure = failures.get(name);
      results.push({
        row: nameOf(row.id, volume),
        client: name,
        rounds: failure === undefined ? (measured.get(name) ?? []) : [],
        ...(failure !== undefined && { failure }),
      });
    }
  }
  return results;
}

/** Rows are named for the full volume. */
function nameOf(id: string, volume: Volume): string {
  if (volume === FULL) return id;
  return id.replace('1 GiB', '256 MiB').replace('100,000', '10,000');
}

function lastLine(text: string): string {
  const line = /^\w*Error.*$/m.exec(text)?.[0] ?? text.trim().split('\n').at(-1) ?? 'failed';
  return line.slice(0, 100);
}

function clientsOf(service: 's3' | 'azure'): ClientEntry[] {
  const wanted = values.clients.split(',').filter((name) => name !== '');
  return CLIENTS.filter(
    (client) =>
      client.service === service &&
      (wanted.length === 0 ||
        client.name.startsWith('@cistern') ||
        wanted.some((name) => client.name.includes(name))),
  ).filter((client) => {
    if (!client.available) console.error(`not measured: ${client.name}; to install it: ${INSTALL}`);
    return client.available;
  });
}

async function measureS3(): Promise<Result[]> {
  const server = await startOwnServer({
    parentDirectory: tmpdir(),
    extraArguments: ['--log-level', 'error'],
  });
  try {
    const { endpoint, accessKeyId, secretAccessKey, region } = server.target;
    await send(server.target, 'PUT', `/${BUCKET}`);
    const target = { endpoint: endpoint.origin, accessKeyId, secretAccessKey, region, bucket: BUCKET };
    return await measureService(target, clientsOf('s3'));
  } finally {
    await server.stop();
  }
}

async function measureAzure(): Promise<Result[]> {
  const clients = clientsOf('azure');
  if (clients.length === 0) return [];
  const azurite = await startAzuriteTarget(BUCKET);
  try {
    return await measureService(azurite.target, clients);
  } finally {
    await azurite.stop();
  }
}

if (values.help) {
  console.log(HELP);
} else {
  const machine = machineFacts(tmpdir());
  const s3 = values.service === 'azure' ? [] : await measureS3();
  const azure = values.service === 's3' ? [] : await measureAzure();
  const results = [...s3, ...azure];
  console.log(`${machine.cpu}, ${machine.cores} cores shared with the server, Node ${machine.node}`);
  console.log('"ours to it" above 1: ours does more a second. CPU and memory are the client’s.\n');
  console.log(formatResults(results));
  if (values.json !== undefined)
    writeFileSync(values.json, JSON.stringify({ machine, results }, undefined, 2));
}
