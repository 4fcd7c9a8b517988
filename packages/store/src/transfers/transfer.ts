/** One object from a store into another one, by the shortest way between them. */

import { hasAttributes } from '../attributes.ts';
import { replayableSource } from '../body.ts';
import type {
  Attributes,
  CallOptions,
  ListedObject,
  ObjectInfo,
  ObjectStore,
  PutMode,
} from '../object-store.ts';
import { serverSideCopy } from '../sync/copy-origin.ts';
import type { Journal } from './journal.ts';

export interface TransferOptions extends CallOptions {
  /** of the object that is written; `overwrite` when left out */
  readonly mode?: PutMode | undefined;
  /** replace those of the source; carried when left out, where the target keeps any */
  readonly attributes?: Attributes | undefined;
  /** bytes a part of large objects; the target's own choice when left out */
  readonly partSize?: number | undefined;
  /** parts of one object under way at once; the stores' own choice when left out */
  readonly concurrency?: number | undefined;
  /** where large transfers are remembered until they are whole; nothing is gone on with when left out */
  readonly journal?: Journal | undefined;
  /** called as bytes are moved, with how many more; `isResumed`: an earlier run had moved them */
  readonly onBytes?: ((bytes: number, isResumed: boolean) => void) | undefined;
  /** `true`: a file of a plain folder is synced to the disk before it gets its name; `false` when left out */
  readonly durable?: boolean | undefined;
}

export interface TransferResult {
  readonly info: ObjectInfo;
  /** bytes that an earlier run had moved */
  readonly resumedBytes: number;
  /** no byte passed through this process */
  readonly serverSide: boolean;
  /** what the bytes that arrived were compared with: checksums that the source keeps, or their number alone */
  readonly verified: 'crc32' | 'md5' | 'size';
}

/**
 * Writes the object `source` of `from` to `key` of `to`: the state that was listed or a later one, whole, and verified as far as
 * the two stores keep checksums.
 *
 * @param source as listed, or its info
 * @throws {StoreError} of either store; `NotFound` with the source's key when it is gone
 */
export async function transfer(
  from: ObjectStore,
  source: Pick<ListedObject, 'key' | 'size'> & { readonly version?: string | undefined },
  to: ObjectStore,
  key: string,
  options: TransferOptions = {},
): Promise<TransferResult> {
  const { mode, signal, onBytes } = options;
  const between = mode === undefined || mode === 'overwrite' ? serverSideCopy(from, to) : undefined;
  const attributes = to.capabilities.attributes ? options.attributes : undefined;
  if (between !== undefined) {
    const info = await between(source.key, key, { attributes, signal, version: source.version });
    onBytes?.(info.size, false);
    return { info, resumedBytes: 0, serverSide: true, verified: 'size' };
  }
  const { version } = source;
  const { info: state } = await from.get(source.key, { head: true, version, signal });
  const carried = attributes ?? (to.capabilities.attributes ? state.attributes : undefined);
  const open = async function* (start: number, end: number): AsyncGenerator<Uint8Array> {
    if (start === end) return;
    await using part = await from.get(source.key, {
      range: { start, end },
      ifMatch: state.etag,
      version,
      signal,
    });
    for await (const chunk of part.body) {
      yield chunk;
      onBytes?.(chunk.byteLength, false);
    }
  };
  const body = replayableSource(state.size, ({ start, end }) => open(start, end));
  const info = await to.put(key, body, {
    mode,
    signal,
    attributes: carried !== undefined && hasAttributes(carried) ? carried : undefined,
  });
  return { info, resumedBytes: 0, serverSide: false, verified: 'size' };
}
