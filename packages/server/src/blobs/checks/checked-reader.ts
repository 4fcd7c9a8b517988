/** Reading a blob with its checks: what comes out was compared with what was stored, before anybody sees it. */

import type { BlobReader } from '../blob-store.ts';
import { DamagedBlob } from '../damaged-blob.ts';
import { CHECK_BLOCK_BYTES, verifyBlocks } from './block-checks.ts';
import type { BlockChecks } from './block-checks.ts';

export class CheckedReader implements BlobReader {
  readonly alignment = CHECK_BLOCK_BYTES;
  readonly #reader: BlobReader;
  readonly #checks: BlockChecks;
  readonly #logical: number;
  readonly #onDamage: (error: DamagedBlob) => void;

  /**
   * @param reader gives the bytes before the codec
   * @param logical how many there are
   */
  constructor(
    reader: BlobReader,
    {
      checks,
      logical,
      onDamage,
    }: { checks: BlockChecks; logical: number; onDamage: (error: DamagedBlob) => void },
  ) {
    this.#onDamage = onDamage;
    this.#reader = reader;
    this.#checks = checks;
    this.#logical = logical;
  }

  get outlivesBlob(): boolean {
    return this.#reader.outlivesBlob;
  }

  /** Rejects with `DamagedBlob` when the bytes are not those that were stored. */
  async read(into: Uint8Array, position: number): Promise<number> {
    try {
      return await this.#read(into, position);
    } catch (error) {
      if (error instanceof DamagedBlob) this.#onDamage(error);
      throw error;
    }
  }

  async #read(into: Uint8Array, position: number): Promise<number> {
    const wanted = Math.min(into.byteLength, Math.max(0, this.#logical - position));
    const read = Math.min(wanted, await this.#reader.read(into, position));
    if (read < wanted) throw new DamagedBlob('it is too short');
    verifyBlocks(into.subarray(0, read), position, this.#checks);
    return read;
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}
