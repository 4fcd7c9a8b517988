/** `cistern bench`: how fast a store is, from here. */

import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import type { BenchPlan, Measured } from '../bench/phases.ts';
import type { Cli } from '../command/cli.ts';
import { jsonOption, placeOptions } from '../command/options.ts';
import type { OutputFlags, ReachFlags } from '../command/options.ts';
import { EXIT_FAILED } from '../command/exit-codes.ts';
import { formatBytes } from '../terminal/sizes.ts';
import { parseBytes } from '../values/bytes.ts';
import { parseCount } from '../values/count.ts';
import { parseDuration } from '../values/duration.ts';

interface BenchFlags extends OutputFlags, ReachFlags {
  readonly size: string;
  readonly objects: string;
  readonly concurrency: string;
  readonly duration: string;
}

export function command(cli: Cli): Command {
  const bench = new Command('bench')
    .description(
      'Measure how fast a store is from here: puts, heads, gets, lists and deletes objects of its own, below a\n' +
        'name that nothing else has. They are removed at the end, also after Ctrl-C.',
    )
    .argument('<place>', 'a bucket, or a folder of any store')
    .option('--size <size>', 'bytes of each object', '4KiB')
    .option('--objects <number>', 'objects that are put at most', '10000')
    .option('--concurrency <number>', 'requests under way at once', '16')
    .option('--duration <time>', 'how long each of the five goes on at most', '5s')
    .addHelpText(
      'after',
      `
Examples:
  cistern bench s3://scratch                                    small objects
  cistern bench --size 64MiB --concurrency 4 prod:scratch       large ones
  cistern bench --json ./folder                                 a document a line, for scripts`,
    );
  jsonOption(placeOptions(bench));
  return bench.action((place: string, flags: BenchFlags) => run(cli, place, flags));
}

async function run(cli: Cli, text: string, flags: BenchFlags): Promise<void> {
  const size = parseBytes('--size', flags.size);
  const durationMs = parseDuration('--duration', flags.duration);
  const objects = parseCount('--objects', flags.objects, 1);
  const concurrency = parseCount('--concurrency', flags.concurrency, 1);
  const { removeAll, runPhases } = await import('../bench/phases.ts');
  const opened = await (await cli.places()).open(text, flags);
  const { store, key } = opened;
  const folder = key === '' || key.endsWith('/') ? key : `${key}/`;
  const prefix = `${folder}cistern-bench-${randomBytes(6).toString('hex')}/`;
  const plan: BenchPlan = { store, prefix, objects, size, concurrency, durationMs, signal: cli.signal };
  if (flags.json !== true) await cli.out.line(toLine(HEAD));
  try {
    let failure: unknown;
    const measured = runPhases(plan, (error) => (failure = error));
    for await (const one of measured) {
      if (flags.json === true) await cli.out.json({ type: 'measured', size, concurrency, ...one });
      else await cli.out.line(toLine(cellsOf(one)));
      if (one.failed > 0) {
        cli.warn(
          `${one.failed} of ${one.failed + one.operations} ${one.operation}s failed: ${messageOf(failure)}`,
        );
        cli.exitCode = EXIT_FAILED;
      }
    }
  } finally {
    await removeAll(plan).catch((error: unknown) => {
      cli.warn(`What was put is left at ${opened.name(prefix)}: ${messageOf(error)}`);
      cli.exitCode = EXIT_FAILED;
    });
  }
}

const HEAD = ['', 'a second', 'bytes/s', 'p50 ms', 'p90 ms', 'p99 ms'];

function cellsOf({ operation, perSecond, bytesPerSecond, p50Ms, p90Ms, p99Ms }: Measured): string[] {
  const times = [p50Ms, p90Ms, p99Ms].map((ms) => (ms === undefined ? '' : ms.toFixed(2)));
  const bytes = bytesPerSecond === 0 ? '' : formatBytes(bytesPerSecond);
  return [operation, perSecond.toFixed(perSecond < 10 ? 2 : 0), bytes, ...times];
}

function toLine([name = '', ...cells]: readonly string[]): string {
  return (name.padEnd(6) + cells.map((cell) => cell.padStart(12)).join('')).trimEnd();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
