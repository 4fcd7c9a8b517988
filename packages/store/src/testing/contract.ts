/**
 * @module The contract of `ObjectStore` as tests: for every backend and layer of ours, and for those of others.
 *
 *     import { suite, test, after } from 'node:test';
 *     import { contract } from '@cistern/store/testing';
 *
 *     contract({ name: 'mine', runner: { suite, test, after }, open: async () => new MyStore() });
 *
 * Tests choose themselves by the store's `capabilities`, and test both ways: what is declared must work, and what is declared
 * `false` must be refused as `Unsupported`. Each test keeps to keys with a random beginning and removes what it made: the
 * store may hold other things, which are left alone.
 */

import type { ObjectStore } from '../object-store.ts';
import { attributesContract } from './attributes.ts';
import { Context } from './context.ts';
import { copyContract } from './copy.ts';
import { deleteContract } from './delete.ts';
import { getContract } from './get.ts';
import { keysContract } from './keys.ts';
import { listContract } from './list.ts';
import { putContract } from './put.ts';
import { readIntoContract } from './read-into.ts';
import type { Runner } from './runner.ts';
import { uploadsContract } from './uploads.ts';
import { wholeContract } from './whole.ts';

export type { Runner } from './runner.ts';

/** A part of the contract: its tests. */
export type Contract = (test: (name: string, body: (context: Context) => Promise<void>) => void) => void;

export interface ContractOptions {
  /** how the suite is called */
  readonly name: string;
  readonly runner: Runner;
  /** Opens the store, once for all tests; the suite closes it. */
  open: () => Promise<ObjectStore>;
}

const WRITING: readonly Contract[] = [
  putContract,
  getContract,
  readIntoContract,
  listContract,
  deleteContract,
  copyContract,
  attributesContract,
  keysContract,
  uploadsContract,
];

/** Registers the suite with the runner. A store that cannot be written to is tested for its refusals. */
export function contract({ name, runner, open }: ContractOptions): void {
  runner.suite(`contract: ${name}`, () => {
    let opened: Promise<ObjectStore> | undefined;
    const store = (): Promise<ObjectStore> => (opened ??= open());
    const register =
      (writes: boolean): Parameters<Contract>[0] =>
      (title, body) => {
        runner.test(title, async () => {
          const context = new Context(await store());
          if (writes && !context.can.write) return;
          try {
            await body(context);
          } finally {
            await context.clean();
          }
        });
      };
    for (const part of WRITING) part(register(true));
    wholeContract(register(false));
    runner.after(async () => {
      await (await opened)?.close();
    });
  });
}
