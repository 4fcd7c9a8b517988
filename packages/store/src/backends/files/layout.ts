/** Where the file of a key is, and what stands in it beside the object's bytes. */

import type { FileHandle } from 'node:fs/promises';
import type { Attributes } from '../../object-store.ts';

export interface Place {
  /** absolute */
  readonly path: string;
  /** where the file is if `path` is a folder: see find-object.ts */
  readonly beside?: string | undefined;
}

export interface Header {
  /** bytes */
  readonly size: number;
  readonly attributes: Attributes;
}

export interface Layout {
  place(key: string): Place;
  /** keys whose places would be folders above that of `key`, the uppermost first */
  above(key: string): readonly string[];
  /** others may write there, too: a link can stand anywhere */
  readonly shared: boolean;
  /** attributes are kept in sidecars, and not in headers */
  readonly sidecars: boolean;
  /** What stands before the bytes of an object. */
  header(key: string, attributes: Attributes): Uint8Array;
  /**
   * Reads it.
   *
   * @returns `undefined` for a layout without headers
   */
  readHeader(handle: FileHandle, key: string): Promise<Header | undefined>;
}
