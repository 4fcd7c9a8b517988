/** Reads an upload of any process through its rows, while it grows and after it is complete. */

import { resolveCommitted } from '../../byte-range.ts';
import { StoreError, throwIfAborted } from '../../errors.ts';
import type { ByteRange, CallOptions } from '../../object-store.ts';
import type { FollowOptions, UploadReader } from '../../upload.ts';
import { readContent } from './content-reader.ts';
import type { ReadContext } from './content-reader.ts';
import { fromSqlite } from './sqlite-errors.ts';
import type { UploadRow } from './statements.ts';
import type { UploadWatchers } from './upload-watchers.ts';

/** Between two looks at an upload of another process: a look is one read from memory. */
const POLL_MS = 100;

interface State {
  readonly committed: number;
  readonly complete: boolean;
}

export class UploadRowReader implements UploadReader {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  readonly #context: ReadContext & { readonly watchers: UploadWatchers };
  readonly #row: UploadRow;
  #committed: number;

  constructor(context: ReadContext & { readonly watchers: UploadWatchers }, row: UploadRow) {
    this.#context = context;
    this.#row = row;
    this.key = row.key;
    this.id = `${row.content}`;
    this.partSize = row.part_bytes;
    this.#committed = row.committed;
  }

  get committed(): number {
    return this.#committed;
  }

  refresh({ signal }: CallOptions = {}): Promise<number> {
    return Promise.try(() => this.#look(signal).committed);
  }

  async *read(range?: ByteRange, { signal }: CallOptions = {}): AsyncGenerator<Uint8Array> {
    const { committed } = this.#look(signal);
    const { start, end } = resolveCommitted(range, committed, this.key);
    yield* this.#chunks(start, end, signal);
  }

  async *follow({ start = 0, pollMs = POLL_MS, signal }: FollowOptions = {}): AsyncGenerator<Uint8Array> {
    let position = start;
    for (;;) {
      const { committed, complete } = this.#look(signal);
      if (position < committed) {
        yield* this.#chunks(position, committed, signal);
        position = committed;
      } else if (complete) {
        return;
      } else {
        await this.#context.watchers.wait(this.#row.content, pollMs, this.key, signal);
      }
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #chunks(start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    return readContent(this.#context, this.#row, start, end, {
      operation: 'openUpload',
      key: this.key,
      signal,
    });
  }

  #look(signal: AbortSignal | undefined): State {
    const { sql, path } = this.#context;
    this.#context.checkOpen('openUpload');
    throwIfAborted(signal, 'openUpload', this.key);
    let found: { committed: number | null; size: number | null } | undefined;
    try {
      found = sql.uploadState(this.#row.content);
    } catch (error) {
      throw fromSqlite(error, path, 'openUpload', this.key);
    }
    const committed = found?.committed ?? found?.size ?? undefined;
    if (committed === undefined) throw noUpload('openUpload', this.key, this.id);
    this.#committed = committed;
    return { committed, complete: typeof found?.size === 'number' };
  }
}

export function noUpload(
  operation: 'upload' | 'openUpload',
  key: string,
  id: string | undefined,
): StoreError {
  const which = id === undefined ? '' : ` ${id}`;
  return new StoreError('NotFound', `There is no upload${which} of ${key}: it has ended, or never was`, {
    operation,
    key,
  });
}
