/**
 * What a layer's upload, or its reader, is called and how far it is: what the one within says. Operations are not here: each
 * layer forwards every one of them itself, so that none is passed by unnoticed.
 */

import type { Upload } from '../upload.ts';

/** What writers and readers of an upload have in common. */
type Named = Pick<Upload, 'key' | 'id' | 'partSize' | 'committed'>;

export abstract class WrappedUpload implements Named {
  readonly #within: Named;

  constructor(within: Named) {
    this.#within = within;
  }

  get key(): string {
    return this.#within.key;
  }

  get id(): string {
    return this.#within.id;
  }

  get partSize(): number {
    return this.#within.partSize;
  }

  get committed(): number {
    return this.#within.committed;
  }
}
