/**
 * @module Runs a target over inputs that are made from its seeds: looks first, with coverage, for inputs that go new ways,
 * then spoils what it has found as fast as it can. Every input is held to the declared errors, a time and an amount of memory.
 */

import { inspect } from 'node:util';

import { takeAllocated, watchAllocations } from './allocated.ts';
import type { Coverage } from './coverage.ts';
import { mutate } from './mutate.ts';
import type { Material } from './mutate.ts';
import { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';
import { Violated } from './target.ts';

const SLOW_MS = 100;
const TRIES_OF_SLOW = 4;
const ALLOCATED_MAX = 1024 * 1024;
const CORPUS_MAX = 2000;

export interface Watcher {
  /** Told each input before it runs. */
  before?(input: Buffer): void;
  violation(target: string, input: Buffer, report: string): void;
}

export class Engine {
  readonly target: FuzzTarget;
  readonly #random: Random;
  readonly #watcher: Watcher;
  readonly #slowMs: number;
  readonly #corpus: Buffer[];
  readonly #material: Material;
  /** One report for each way in which it fails is enough. */
  readonly #reported = new Set<string>();

  private constructor(target: FuzzTarget, seed: string, seeds: readonly Buffer[], watcher: Watcher) {
    this.target = target;
    this.#random = new Random(`${seed} ${target.name}`);
    this.#watcher = watcher;
    this.#slowMs = target.slowMs ?? SLOW_MS;
    this.#corpus = [...seeds];
    const tokens = target.tokens.map((token) => Buffer.from(token, 'latin1'));
    this.#material = { tokens, others: this.#corpus, bytesMax: target.bytesMax };
    watchAllocations();
  }

  static async open(target: FuzzTarget, seed: string, watcher: Watcher): Promise<Engine> {
    return new Engine(target, seed, await target.seeds(), watcher);
  }

  /** The seeds themselves, which a target may know to be valid. @returns inputs */
  async runSeeds(): Promise<number> {
    for (const seed of this.#corpus) await this.try(seed);
    return this.#corpus.length;
  }

  /** Keeps what goes a new way. @param coverage is on @returns inputs */
  async explore(inputs: number, coverage: Coverage): Promise<number> {
    coverage.isNew();
    for (let count = 0; count < inputs; count++) {
      const input = this.#make();
      await this.try(input);
      if (coverage.isNew() && this.#corpus.length < CORPUS_MAX) this.#corpus.push(input);
    }
    return inputs;
  }

  /** @returns inputs */
  async run(inputs: number): Promise<number> {
    for (let count = 0; count < inputs; count++) {
      const trying = this.try(this.#make());
      if (trying !== undefined) await trying;
    }
    return inputs;
  }

  get corpusSize(): number {
    return this.#corpus.length;
  }

  #make(): Buffer {
    return mutate(this.#random.pick(this.#corpus), this.#random, this.#material);
  }

  /** Runs one input, and reports what does not hold. A promise only where the target gives one. */
  try(input: Buffer): Promise<void> | undefined {
    this.#watcher.before?.(input);
    takeAllocated();
    const began = performance.now();
    try {
      const running = this.target.run(input, this.#random);
      if (running === undefined) {
        const elapsedMs = performance.now() - began;
        this.#checkAllocated(input);
        return elapsedMs > this.#slowMs ? this.#judgeSlow(input) : undefined;
      }
      return this.#finish(running, input, began);
    } catch (error) {
      this.#report(input, error);
      return undefined;
    }
  }

  async #finish(running: Promise<void>, input: Buffer, began: number): Promise<void> {
    try {
      await running;
      const elapsedMs = performance.now() - began;
      this.#checkAllocated(input);
      if (elapsedMs > this.#slowMs) await this.#judgeSlow(input);
    } catch (error) {
      this.#report(input, error);
    }
  }

  #checkAllocated(input: Buffer): void {
    const allocated = takeAllocated();
    if (allocated <= (this.target.allocatedMax ?? ALLOCATED_MAX) + 64 * input.length) return;
    this.#report(input, new Violated(`${input.length} bytes make it allocate ${allocated}`), 'allocated');
  }

  /** The machine may have been busy with something else: CPU time counts, and the quickest of some tries. */
  async #judgeSlow(input: Buffer): Promise<void> {
    let leastMs = Infinity;
    for (let count = 0; count < TRIES_OF_SLOW && leastMs > this.#slowMs; count++) {
      const began = process.threadCpuUsage();
      await this.target.run(input, this.#random);
      const { user, system } = process.threadCpuUsage(began);
      leastMs = Math.min(leastMs, (user + system) / 1000);
    }
    if (leastMs > this.#slowMs)
      this.#report(input, new Violated(`${input.length} bytes take ${leastMs.toFixed(0)} ms`), 'slow');
  }

  #report(input: Buffer, error: unknown, kind = kindOf(error)): void {
    if (this.#reported.has(kind)) return;
    this.#reported.add(kind);
    const told = error instanceof Violated ? error.message : inspect(error);
    this.#watcher.violation(this.target.name, input, told);
  }
}

/** Where it was thrown: what else it says may differ from input to input. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const places = (error.stack ?? '').split('\n    at ').slice(1, 4);
  return `${error.name} ${places.join()}`;
}
