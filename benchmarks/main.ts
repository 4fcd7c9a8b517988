/**
 * @module `npm run bench`: finds or starts the server, runs the rows asked for, prints and writes what they gave.
 */

import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { formatAims, judgeAims } from './aims.ts';
import { type Bench, OBJECT_BUCKET } from './bench.ts';
import { BodyPool } from './bodies.ts';
import { runGrowth } from './growth/run.ts';
import { machineFacts, type MachineFacts } from './machine.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { formatComparison, makeReport, readReport, type Report, writeReport } from './report.ts';
import { removeBucket } from './rows/fill.ts';
import { largeRows } from './rows/large.ts';
import { lifeRows } from './rows/life.ts';
import { listRows } from './rows/list.ts';
import { smallClientNote, smallRows } from './rows/small.ts';
import { uploadRows } from './rows/uploads.ts';
import { ensureBucket } from './s3-client.ts';
import { startOwnServer } from './server-process.ts';
import { runSideBySide, type Running } from './side-by-side/run.ts';
import { startSink } from './sink/process.ts';
import { formatRows, LEGEND } from './table.ts';
import type { Target } from './target.ts';
import { formatCount } from './units.ts';

// A minute after a quiet start the average is still above zero.
const BUSY_LOAD = 0.7;
const SMALL_BYTES_MAX = 2 ** 20;
// Enough for the files of the default rows; a memory file system that is smaller is not worth trying.
const SCRATCH_BYTES_MIN = 6 * 2 ** 30;

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const scratch = mkdtempSync(join(scratchParent(), 'cistern-bench-scratch-'));
  const running: Running = [];
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      for (const each of running) each.kill();
      rmSync(scratch, { recursive: true, force: true });
      process.exit(code);
    });
  }
  try {
    await (options.peers.length + options.growth.length > 0 ? beside : alone)(options, scratch, running);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function beside(options: Options, scratch: string, running: Running): Promise<void> {
  const run = options.growth.length > 0 ? runGrowth : runSideBySide;
  const result = await run(options, scratch, running);
  const path =
    options.jsonPath ??
    join('.bench', `${fileName(result.date)}-${options.growth.length > 0 ? 'growth' : 'side-by-side'}.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, undefined, 2)}\n`);
  for (const { name, skipped } of result.contenders) {
    for (const { id, reason } of skipped) process.stdout.write(`not measured: ${name}: ${id}: ${reason}\n`);
  }
  process.stdout.write(`written to ${path}\n`);
  const [own] = result.contenders;
  if (own === undefined || own.skipped.length > 0 || own.medians.some((row) => row.errors > 0))
    process.exitCode = 1;
}

async function alone(options: Options, scratch: string, running: Running): Promise<void> {
  const other = options.comparePath === undefined ? undefined : readReport(options.comparePath);
  const date = new Date().toISOString();
  const own = options.endpoint === undefined ? await startAlone(options) : undefined;
  if (own !== undefined) running.push(own);
  const sink = options.aloneConnections.length > 0 ? await startSink() : undefined;
  if (sink !== undefined) running.push({ kill: () => sink.stop() });
  try {
    const target = own?.target ?? endpointTarget(options);
    const machine = machineFacts(target.dataDirectory);
    process.stdout.write(`${heading(target, machine)}\n\n`);
    const bench = makeBench(options, { target, scratch, sink: sink?.endpoint });
    await runAll(bench);
    const report = makeReport({
      date,
      name: target.name,
      machine,
      ...(target.startMilliseconds !== undefined && { startMilliseconds: target.startMilliseconds }),
      rows: bench.rows,
      skipped: bench.skipped,
      aims: judgeAims(bench.rows, target.startMilliseconds),
    });
    const path = options.jsonPath ?? join('.bench', `${fileName(`${date}-${target.name}`)}.json`);
    writeReport(path, report);
    print(report, other, path);
    if (bench.skipped.length > 0 || bench.rows.some((row) => row.errors > 0)) process.exitCode = 1;
  } finally {
    sink?.stop();
    await own?.stop();
  }
}

function startAlone(options: Options) {
  const parentDirectory = options.directory ?? tmpdir();
  return startOwnServer({ parentDirectory, extraArguments: options.serverArguments });
}

function makeBench(options: Options, parts: Pick<Bench, 'target' | 'scratch' | 'sink'>): Bench {
  const start = performance.now();
  return {
    ...parts,
    options,
    bodies: new BodyPool(parts.scratch),
    rows: [],
    skipped: [],
    progress: (text) => {
      const seconds = ((performance.now() - start) / 1000).toFixed(0).padStart(4);
      process.stderr.write(`${seconds} s  ${text}\n`);
    },
  };
}

async function runAll(bench: Bench): Promise<void> {
  const { options, target } = bench;
  const objects = ['put', 'get', 'head', 'delete', 'uploads', 'life'] as const;
  if (objects.some((group) => options.only.has(group))) {
    await ensureBucket(target, OBJECT_BUCKET);
    for (const size of options.sizes) {
      await (size <= SMALL_BYTES_MAX ? smallRows(bench, size) : largeRows(bench, size));
    }
    if (options.only.has('uploads')) await uploadRows(bench);
    if (options.only.has('life')) await lifeRows(bench);
    if (options.endpoint !== undefined && !options.keep) await removeBucket(bench, OBJECT_BUCKET);
  }
  if (options.only.has('list')) {
    for (const count of options.listKeys) await listRows(bench, count);
  }
}

function endpointTarget(options: Options): Target {
  if (options.endpoint === undefined) throw new Error('no endpoint');
  const { url, ...rest } = options.endpoint;
  return {
    ...rest,
    endpoint: url,
    ...(options.pid !== undefined && { pid: options.pid }),
    ...(options.dataDirectory !== undefined && { dataDirectory: options.dataDirectory }),
  };
}

/** In memory if there is room, so that the client reads bodies without waiting for the disk. */
function scratchParent(): string {
  try {
    const memory = statfsSync('/dev/shm');
    if (memory.bavail * memory.bsize >= SCRATCH_BYTES_MIN) return '/dev/shm';
  } catch {
    // Not on this system.
  }
  return tmpdir();
}

function heading(target: Target, machine: MachineFacts): string {
  const facts = [
    `${machine.cores} x ${machine.cpu}`,
    `${formatCount(machine.memoryBytes / 1e9)} GB`,
    machine.kernel,
    `node ${machine.node}`,
    ...(machine.fileSystem === undefined ? [] : [`data on ${machine.fileSystem}`]),
  ];
  const lines = [`${target.name} at ${target.endpoint.origin}`, facts.join(', ')];
  if (machine.loadBefore > BUSY_LOAD) {
    lines.push(
      `The machine is busy (load average ${machine.loadBefore.toFixed(1)}): the figures say less than they could.`,
    );
  }
  return lines.join('\n');
}

function print(report: Report, other: Report | undefined, path: string): void {
  const sections = [smallClientNote(), LEGEND, '', formatRows(report.rows), ''];
  for (const { id, reason } of report.skipped) sections.push(`not measured: ${id}: ${reason}`);
  sections.push(formatAims(report.aims), '');
  if (other !== undefined) sections.push(formatComparison(report, other), '');
  sections.push(`written to ${path}`);
  process.stdout.write(`${sections.join('\n')}\n`);
}

function fileName(name: string): string {
  return name.replaceAll(/[^a-z0-9.-]/gi, '-');
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
