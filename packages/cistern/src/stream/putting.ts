/** One object being stored from this machine, with progress; what Ctrl-C and failures leave is said. */

import { streamSource } from '@cistern/store';
import { isStoreError } from '@cistern/store/errors';
import type { Attributes, ObjectInfo, PutMode, Store, Upload } from '@cistern/store';
import type { Cli } from '../command/cli.ts';
import { Failure, interrupted } from '../failures/failure.ts';
import { Progress } from '../terminal/progress.ts';
import type { Item } from '../terminal/progress.ts';
import { showProgress } from '../terminal/progress-view.ts';
import type { ProgressFlags, ProgressView } from '../terminal/progress-view.ts';
import { formatBytes } from '../terminal/sizes.ts';
import type { Input } from './input.ts';
import { writeLive } from './live-upload.ts';

export interface Target {
  readonly store: Store;
  readonly key: string;
  /** of the key, as it is shown */
  readonly name: string;
  readonly attributes: Attributes | undefined;
  /** bytes */
  readonly partSize: number | undefined;
  readonly overwrite: boolean;
}

export interface LiveOptions {
  readonly flushMs: number;
  /** an upload to go on with */
  readonly resume: string | undefined;
}

export class Putting {
  readonly #cli: Cli;
  readonly #flags: ProgressFlags;
  readonly #target: Target;
  readonly #progress = new Progress();

  constructor(cli: Cli, flags: ProgressFlags, target: Target) {
    this.#cli = cli;
    this.#flags = flags;
    this.#target = target;
  }

  /** @param live undefined: nothing is to be seen of the object before it is whole @throws {Failure} */
  async run(input: Input, live: LiveOptions | undefined): Promise<{ readonly info: ObjectInfo }> {
    const { store, key, name, overwrite } = this.#target;
    // Refused before all of it has been sent, and not only then.
    if (!overwrite && (await store.exists(key, { signal: this.#cli.signal }))) throw isThere(name);
    const size = input.kind === 'file' ? input.size : undefined;
    const item = this.#progress.begin(name, size);
    this.#progress.total(1, size ?? 0, size !== undefined);
    // Whoever types would type into the view.
    const isTyped = input.kind === 'stream' && input.isTerminal;
    const view = showProgress(
      this.#cli,
      this.#progress,
      isTyped ? { ...this.#flags, progress: false } : this.#flags,
    );
    try {
      const info = await (live === undefined
        ? this.#store(input, item)
        : this.#storeLive(input, item, live, view));
      item.done();
      view.close('Stored');
      return { info };
    } catch (error) {
      item.fail();
      view.close();
      if (isStoreError(error, 'AlreadyExists')) throw isThere(name);
      if (!this.#cli.signal.aborted || error instanceof Failure) throw error;
      if (input.kind === 'file') throw interrupted('Stopped', 'The same command goes on where it was.');
      throw interrupted(
        'Stopped: nothing was stored',
        'Of a pipe that is to break off, --live keeps what came.',
      );
    }
  }

  get #mode(): PutMode {
    const { overwrite, store } = this.#target;
    return overwrite || !store.capabilities.create ? 'overwrite' : 'create';
  }

  async #store(input: Input, item: Item): Promise<ObjectInfo> {
    const { store, key, attributes, partSize } = this.#target;
    const { signal } = this.#cli;
    if (input.kind === 'stream') {
      const body = streamSource(counted(input.open(), item));
      return store.put(key, body, { attributes, mode: this.#mode, signal });
    }
    const { transfer } = await import('@cistern/store/transfers');
    const { userJournal } = await import('../transfer/journal.ts');
    const file = await (await this.#cli.places()).open(input.path);
    const { info } = await transfer(file.store, { key: file.key, size: input.size }, store, key, {
      attributes,
      partSize,
      journal: userJournal(this.#cli),
      mode: this.#mode,
      signal,
      onBytes: (bytes, isResumed) => item.add(bytes, isResumed),
    });
    return info;
  }

  async #storeLive(input: Input, item: Item, live: LiveOptions, view: ProgressView): Promise<ObjectInfo> {
    const { store, key, name, attributes, partSize } = this.#target;
    const { signal } = this.#cli;
    const { flushMs, resume } = live;
    const upload = await store.upload(key, { attributes, partSize, resume, signal });
    if (resume !== undefined) item.add(upload.committed, true);
    await this.#announce(upload, view);
    try {
      await writeLive(upload, input.open(), flushMs, (bytes) => item.add(bytes));
      return await upload.complete({ mode: this.#mode, signal });
    } catch (error) {
      if (signal.aborted) await upload.flush().catch(() => undefined);
      await upload.detach();
      if (isStoreError(error, 'NotFound')) {
        throw new Failure(`The upload ${upload.id} of ${name} is gone: somebody has aborted it`, {
          advice: 'Nothing of it is left. The same command begins a new one.',
          cause: error,
        });
      }
      const kept = `${upload.committed} bytes of ${name} (${formatBytes(upload.committed)}) are kept as the upload ${upload.id}`;
      const advice = `Go on with the bytes after these: cistern put --live --resume ${upload.id} - ${name}\n  Give them up: cistern uploads abort ${name} --id ${upload.id}`;
      if (signal.aborted) throw interrupted(`Stopped: ${kept}`, advice);
      this.#cli.warn(kept);
      this.#cli.note(`  ${advice}`);
      throw error;
    }
  }

  async #announce({ id, key, committed }: Upload, view: ProgressView): Promise<void> {
    if (this.#flags.json === true) await this.#cli.out.json({ type: 'upload', key, id, committed });
    const { name } = this.#target;
    view.log(
      committed > 0
        ? `Going on after ${committed} bytes of ${name}`
        : `To read it meanwhile: cistern cat --follow ${name}`,
    );
  }
}

function isThere(name: string): Failure {
  return new Failure(`${name} is there already`, { advice: '--overwrite replaces it.' });
}

async function* counted(chunks: AsyncIterable<Uint8Array>, item: Item): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk;
    item.add(chunk.byteLength);
  }
}
