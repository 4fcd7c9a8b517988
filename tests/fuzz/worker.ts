/** @module A thread that fuzzes one target after another, a short time each, until it is told to end. Not for the main thread. */

import { parentPort, workerData } from 'node:worker_threads';

import { Coverage } from './coverage.ts';
import { Engine } from './engine.ts';
import { SharedInput } from './shared-input.ts';
import { TARGETS } from './targets.ts';

/** One target's turn. */
const TURN_MS = 1000;
const BATCH = 20;

export interface WorkerData {
  readonly seed: string;
  readonly targets: readonly string[];
  /** inputs of each target that are looked at with coverage first: they cost some 10 ms each */
  readonly explored: number;
  readonly shared: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly target: string; readonly inputs: number; readonly corpus: number }
  | { readonly target: string; readonly input: Uint8Array; readonly violation: string };

const { seed, targets, explored, shared } = workerData as WorkerData;
const current = new SharedInput(shared);
const send = (message: WorkerMessage): void => parentPort?.postMessage(message);
const coverage = new Coverage();
const engines: Engine[] = [];

for (const name of targets) {
  const index = TARGETS.findIndex((target) => target.name === name);
  const target = TARGETS[index];
  if (target === undefined)
    throw new Error(`There is no target ${name}: ${TARGETS.map((one) => one.name).join(', ')}`);
  const engine = await Engine.open(target, seed, {
    before: (input) => current.set(index, input),
    violation: (of, input, violation) => send({ target: of, input, violation }),
  });
  engines.push(engine);
  send({ target: name, inputs: await engine.runSeeds(), corpus: engine.corpusSize });
}

// Once, and never again: while it is on, and for a while after that, everything is slow.
if (explored > 0) {
  coverage.start();
  for (const engine of engines) {
    send({
      target: engine.target.name,
      inputs: await engine.explore(explored, coverage),
      corpus: engine.corpusSize,
    });
    await breathe();
  }
  coverage.stop();
}

for (;;) {
  for (const engine of engines) {
    const end = performance.now() + TURN_MS;
    let inputs = 0;
    while (performance.now() < end) inputs += await engine.run(BATCH);
    send({ target: engine.target.name, inputs, corpus: engine.corpusSize });
    await breathe();
  }
}

/** Others' messages, and the end, come between turns. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
