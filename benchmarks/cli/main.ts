/**
 * `npm run bench:cli`: our command line beside those that people use, on the same server and the same files, in one run. On each row
 * the tools take turns, and medians are printed. The server is this repository's, and shares the machine with the tools.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machineFacts } from '../machine.ts';
import { send } from '../s3-client.ts';
import { startOwnServer } from '../server-process.ts';
import type { Target } from '../target.ts';
import { formatResults, OURS } from './report.ts';
import type { Result } from './report.ts';
import { BUCKET, FULL, prepare, QUICK, ROWS } from './rows.ts';
import type { Place, Row } from './rows.ts';
import { runTool } from './run-tool.ts';
import type { Usage } from './run-tool.ts';
import { findTools } from './tools.ts';
import type { Tool } from './tools.ts';

const HELP = `npm run bench:cli [-- options]

  --quick          1,000 files, 128 MiB and 5,000 keys, once
  --rounds <n>     times that each tool does each row (3)
  --only <text>    rows whose ids contain it: ${ROWS.map(({ id }) => id).join(', ')}
  --tools <text>   tools whose names contain it, separated by commas; ours is always measured
  --aws, --rclone, --s3cmd <path>  where a tool is, if not in PATH
  --json <file>    writes what was measured there
  --help           this text

Needs Linux with bash, and some 12 GB in the folder for temporary files.
`;

/** As long as ext4 does not give the numbers of removed files to new ones. */
const SETTLE_MS = 6000;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', default: '' },
    tools: { type: 'string', default: '' },
    aws: { type: 'string' },
    rclone: { type: 'string' },
    s3cmd: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function measureRow(row: Row, tools: readonly Tool[], place: Place, target: Target): Promise<Result[]> {
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  const measured = new Map<string, Usage[]>(tools.map(({ name }) => [name, []]));
  const failures = new Map<string, string>();
  // Kept until all tools are done: for some seconds after many files were removed ext4 makes new ones slowly.
  const left: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const tool of tools.filter(({ name }) => !failures.has(name))) {
      const run = `${tool.name.replace(' ', '-')}-${round}`;
      const leftovers = row.leftovers?.(place, run);
      // Some tools make the folder, and some do not.
      if (leftovers !== undefined && row.isLarge !== true) mkdirSync(leftovers, { recursive: true });
      // What was written before is not this one's to wait for.
      spawnSync('sync');
      try {
        const usage = await runTool(row.command(tool, place, run), tool.env, place.folder);
        measured.get(tool.name)?.push(usage);
        console.error(`${row.id}: ${tool.name}, round ${round} of ${rounds}: ${usage.seconds} s`);
      } catch (error) {
        failures.set(tool.name, (error as Error).message);
        console.error(`${row.id}: ${tool.name}: ${(error as Error).message}`);
      }
      if (leftovers !== undefined && row.isLarge === true) rmSync(leftovers, { force: true });
      else if (leftovers !== undefined) left.push(leftovers);
      if (row.id === 'up-large') await send(target, 'DELETE', `/${BUCKET}/large-${run}`);
    }
  }
  if (left.length > 0) {
    for (const path of left) rmSync(path, { recursive: true, force: true });
    await delay(SETTLE_MS);
  }
  return tools.map(({ name, version }) => {
    const failure = failures.get(name);
    return {
      row: row.name(place.volume),
      tool: name === OURS ? OURS : `${name} ${version}`,
      rounds: failure === undefined ? (measured.get(name) ?? []) : [],
      ...(failure !== undefined && { failure }),
    };
  });
}

async function measure(target: Target, folder: string): Promise<Result[]> {
  const place = { folder, volume: values.quick ? QUICK : FULL };
  const wanted = values.tools.split(',').filter((name) => name !== '');
  const { aws, rclone, s3cmd } = values;
  const tools = findTools(target, folder, { aws, rclone, s3cmd }).filter(
    ({ name }) => name === OURS || wanted.length === 0 || wanted.some((one) => name.includes(one)),
  );
  await send(target, 'PUT', `/${BUCKET}`);
  console.error('writing what will be read …');
  await prepare(place, async (command) => {
    const ours = tools.find(({ name }) => name === OURS);
    if (ours !== undefined) await runTool(command(ours), ours.env, folder);
  });
  const results: Result[] = [];
  for (const row of ROWS.filter(({ id }) => id.includes(values.only))) {
    results.push(...(await measureRow(row, tools, place, target)));
  }
  return results;
}

if (values.help) {
  console.log(HELP);
} else {
  const machine = machineFacts(tmpdir());
  const folder = mkdtempSync(join(tmpdir(), 'cistern-bench-cli-'));
  const server = await startOwnServer({
    parentDirectory: tmpdir(),
    extraArguments: ['--log-level', 'error'],
  });
  try {
    const results = await measure(server.target, folder);
    console.log(`${machine.cpu}, ${machine.cores} cores shared with the server, Node ${machine.node}`);
    console.log('Above 1 the other takes more than ours. Memory is that of the largest process.\n');
    console.log(formatResults(results));
    if (values.json !== undefined) {
      writeFileSync(values.json, JSON.stringify({ machine, results }, undefined, 2));
    }
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
