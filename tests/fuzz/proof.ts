/**
 * @module The long form of fuzzing: threads that never stop before the slice is over, and one that watches them for inputs
 * that hang or take all memory.
 *
 *   --set workers=N        threads; 2 when left out
 *   --set explored=N       inputs of each target that are looked at with coverage first; 100 when left out
 *   --set target=NAME      that one alone
 *   --set input=BASE64     nothing but this input of that target: what a violation says
 */

import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import type { Proof, Slice } from '../proof/proof.ts';
import { Engine } from './engine.ts';
import { SharedInput } from './shared-input.ts';
import { KINDS, TARGETS } from './targets.ts';
import type { WorkerData, WorkerMessage } from './worker.ts';

const WATCH_MS = 250;
/** CPU time of one input: whatever it is, it hangs. */
const HANG_MS = 5000;
/** A reader's memory in JavaScript: nothing is to need so much. */
const HEAP_MIB = 512;

export const proof: Proof = {
  aims: { inputs: 10_000_000 },
  run: async (slice) => {
    const target = slice.settings.get('target');
    const input = slice.settings.get('input');
    const names = target === undefined ? TARGETS.map(({ name }) => name) : [target];
    if (input !== undefined) return replay(slice, names[0] ?? '', Buffer.from(input, 'base64'));
    const counts = new Map<string, number>();
    const explored = Number(slice.settings.get('explored') ?? 100);
    const workers = Array.from({ length: Number(slice.settings.get('workers') ?? 2) }, (_, index) =>
      // Each begins elsewhere, so that a short slice has all of them, too.
      keepRunning(slice, {
        seed: `${slice.seed} ${index}`,
        targets: rotated(names, index),
        explored,
        counts,
      }),
    );
    await Promise.all(workers);
    for (const [name, count] of counts) slice.log(`${name}: ${count.toLocaleString('en-US')}`);
  },
};

function rotated(names: readonly string[], index: number): string[] {
  const at = Math.floor((names.length * index) / 2) % names.length;
  return [...names.slice(at), ...names.slice(0, at)];
}

async function replay(slice: Slice, name: string, input: Buffer): Promise<void> {
  const target = TARGETS.find((one) => one.name === name);
  if (target === undefined) throw new Error(`There is no target ${name}`);
  const engine = await Engine.open(target, slice.seed, { violation: (...what) => tell(slice, ...what) });
  await engine.try(input);
  slice.count('inputs');
}

function tell(slice: Slice, target: string, input: Uint8Array, report: string): void {
  const bytes = Buffer.from(input);
  slice.violation(
    `${target}, ${bytes.length} bytes: ${report}\n  ${JSON.stringify(bytes.toString('latin1', 0, 400))}\n` +
      `  this one: npm run prove -- fuzz --no-record --set target=${target} --set input=${bytes.toString('base64')}`,
  );
}

interface Work {
  readonly seed: string;
  readonly targets: readonly string[];
  readonly explored: number;
  readonly counts: Map<string, number>;
}

/** A thread that hangs or dies is replaced: its input is a violation, and the others are still to be tried. */
async function keepRunning(slice: Slice, work: Work): Promise<void> {
  for (let round = 0; !slice.over(); round++)
    await runWorker(slice, { ...work, seed: `${work.seed} ${round}` });
}

async function runWorker(slice: Slice, { seed, targets, explored, counts }: Work): Promise<void> {
  const current = new SharedInput();
  const data: WorkerData = { seed, targets, explored, shared: current.memory };
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  let ended = false;
  let failure: unknown;
  worker.once('exit', () => (ended = true));
  worker.on('message', (message: WorkerMessage) => {
    if ('violation' in message) return tell(slice, message.target, message.input, message.violation);
    const { target, inputs } = message;
    counts.set(target, (counts.get(target) ?? 0) + inputs);
    slice.count('inputs', inputs);
    const kind = Object.keys(KINDS).find((one) => KINDS[one]?.some(({ name }) => name === target));
    if (kind !== undefined) slice.count(kind, inputs);
  });
  worker.once('error', (error) => {
    ended = true;
    // Before its first input it is the harness that is broken.
    if (current.count === 0) failure = error;
    const { target, input } = current.get();
    tell(slice, target, input, `the thread died: ${error instanceof Error ? error.stack : String(error)}`);
  });
  await watch(slice, worker, { current, hasEnded: () => ended });
  await worker.terminate();
  if (failure instanceof Error) throw failure;
}

/** Undefined when it has ended. */
async function cpuMsOf(worker: Worker): Promise<number | undefined> {
  try {
    const { user, system } = await worker.cpuUsage();
    return (user + system) / 1000;
  } catch {
    return undefined;
  }
}

async function watch(
  slice: Slice,
  worker: Worker,
  { current, hasEnded }: { current: SharedInput; hasEnded: () => boolean },
): Promise<void> {
  let seen = -1;
  let cpuBefore = 0;
  while (!slice.over() && !hasEnded()) {
    await delay(WATCH_MS);
    if (hasEnded()) return;
    const cpuMs = await cpuMsOf(worker);
    if (cpuMs === undefined) continue;
    const { count } = current;
    if (count !== seen) {
      seen = count;
      cpuBefore = cpuMs;
    } else if (count > 0 && cpuMs - cpuBefore > HANG_MS) {
      const { target, input } = current.get();
      tell(slice, target, input, `it has taken ${HANG_MS} ms of CPU time and goes on`);
      return;
    }
  }
}
