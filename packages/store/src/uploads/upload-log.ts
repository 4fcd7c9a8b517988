/** The chain of an upload's states in a store: reads the newest, and creates the next. See upload-state.ts. */

import { collect } from '../body.ts';
import { isStoreError, StoreError } from '../errors.ts';
import type { StoreOperation } from '../errors.ts';
import { stateKey, statesPrefix } from './part-objects.ts';
import type { PartObjects } from './part-objects.ts';
import { decodeState, encodeState, isEnded } from './upload-state.ts';
import type { UploadState } from './upload-state.ts';

export class UploadLog {
  readonly folder: string;
  readonly id: string;
  readonly #objects: PartObjects;
  #number: number;
  #state: UploadState;

  private constructor(objects: PartObjects, folder: string, id: string, number: number, state: UploadState) {
    this.#objects = objects;
    this.folder = folder;
    this.id = id;
    this.#number = number;
    this.#state = state;
  }

  /** Creates the first state. */
  static async begin(
    objects: PartObjects,
    folder: string,
    id: string,
    state: UploadState,
    signal: AbortSignal | undefined,
  ): Promise<UploadLog> {
    try {
      await objects.put(stateKey(folder, 1), encodeState(state), { mode: 'create', signal });
    } catch (error) {
      // Nobody else has this id: the store tried again, and met its own first try.
      if (!isStoreError(error, 'AlreadyExists')) throw error;
    }
    return new UploadLog(objects, folder, id, 1, state);
  }

  /** @throws {StoreError} `NotFound` */
  static async open(
    objects: PartObjects,
    folder: string,
    id: string,
    { operation, key, signal }: { operation: StoreOperation; key: string; signal: AbortSignal | undefined },
  ): Promise<UploadLog> {
    const number = await newestNumber(objects, folder, 0, signal);
    if (number === undefined) throw noUpload(operation, key, id);
    const state = await readState(objects, folder, number, signal).catch((error: unknown) => {
      throw isStoreError(error, 'NotFound') ? noUpload(operation, key, id) : error;
    });
    return new UploadLog(objects, folder, id, number, state);
  }

  /** The newest as of the last look. */
  get state(): UploadState {
    return this.#state;
  }

  get number(): number {
    return this.#number;
  }

  /** Whether the state is the newest still. */
  async isNewest(): Promise<boolean> {
    const key = stateKey(this.folder, this.#number + 1);
    try {
      await using _ = await this.#objects.get(key, { head: true });
      return false;
    } catch (error) {
      if (isStoreError(error, 'NotFound')) return true;
      throw error;
    }
  }

  /** Looks for the newest state. `NotFound` when there are none any more. */
  async refresh(operation: StoreOperation, signal?: AbortSignal): Promise<UploadState> {
    // From the present one on: were it left out, an upload that was cleaned away would look like one that rests.
    const number = await newestNumber(this.#objects, this.folder, this.#number - 1, signal);
    if (number === undefined) throw noUpload(operation, this.#state.key, this.id);
    if (number > this.#number) await this.#read(number, signal);
    return this.#state;
  }

  /**
   * Makes the state that `change` gives the newest: again and again, should others be faster. What `change` throws
   * passes through.
   *
   * @param change is given the newest state and the number of the next; `undefined` when there is nothing to change,
   *   as after a creation whose answer was lost
   */
  async advance(
    change: (state: UploadState, next: number) => UploadState | undefined | Promise<UploadState | undefined>,
    signal?: AbortSignal,
  ): Promise<UploadState> {
    for (;;) {
      const next = await change(this.#state, this.#number + 1);
      if (next === undefined) return this.#state;
      const key = stateKey(this.folder, this.#number + 1);
      try {
        await this.#objects.put(key, encodeState(next), { mode: 'create', signal });
        this.#number++;
        this.#state = next;
        return next;
      } catch (error) {
        if (!isStoreError(error, 'AlreadyExists')) throw error;
        await this.#read(this.#number + 1, signal);
      }
    }
  }

  async #read(number: number, signal: AbortSignal | undefined): Promise<void> {
    this.#state = await readState(this.#objects, this.folder, number, signal);
    this.#number = number;
  }
}

/** The error of an upload that is not there, or has ended. */
export function noUpload(
  operation: StoreOperation,
  key: string,
  id: string,
  state?: UploadState,
): StoreError {
  const why =
    state === undefined || !isEnded(state)
      ? 'it has ended, or never was'
      : state.phase === 'aborted'
        ? 'it was aborted'
        : `it is complete: the object ${key} has its ${state.size} bytes`;
  return new StoreError('NotFound', `There is no upload ${id} of ${key}: ${why}`, { operation, key });
}

/** The newest state of an upload. */
export async function readState(
  objects: PartObjects,
  folder: string,
  number: number,
  signal: AbortSignal | undefined,
): Promise<UploadState> {
  const key = stateKey(folder, number);
  await using read = await objects.get(key, { signal });
  return decodeState(await collect(read.body), key);
}

async function newestNumber(
  objects: PartObjects,
  folder: string,
  after: number,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const prefix = statesPrefix(folder);
  let last: string | undefined;
  for await (const entry of objects.list({ prefix, startAfter: stateKey(folder, after), signal })) {
    if (entry.type === 'object') last = entry.key;
  }
  return last === undefined ? undefined : Number(last.slice(prefix.length));
}
