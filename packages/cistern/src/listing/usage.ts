/** How much is in folders, counted while a listing goes by: what is held is one line for each level. */

/** Objects and their bytes. */
export interface Usage {
  readonly objects: number;
  readonly size: number;
}

/** A folder whose objects have all been counted. */
export interface FolderUsage extends Usage {
  /** relative, with a slash at its end; '' for the whole */
  readonly name: string;
}

interface OpenFolder {
  readonly name: string;
  objects: number;
  size: number;
}

export class UsageCounter {
  readonly #depth: number;
  readonly #open: OpenFolder[] = [{ name: '', objects: 0, size: 0 }];

  /** @param depth levels of folders that are told one by one */
  constructor(depth: number) {
    this.#depth = depth;
  }

  /**
   * Counts an object: they come in the order of their keys.
   *
   * @param name relative to the whole
   * @returns folders that are complete, the deepest first
   */
  add(name: string, size: number): FolderUsage[] {
    const done: FolderUsage[] = [];
    while (!name.startsWith(this.#last.name)) done.push(this.#close());
    while (this.#open.length <= this.#depth) {
      const slash = name.indexOf('/', this.#last.name.length);
      if (slash === -1) break;
      this.#open.push({ name: name.slice(0, slash + 1), objects: 0, size: 0 });
    }
    this.#last.objects++;
    this.#last.size += size;
    return done;
  }

  /** @returns the folders that are left, the whole last */
  end(): FolderUsage[] {
    const done: FolderUsage[] = [];
    while (this.#open.length > 0) done.push(this.#close());
    return done;
  }

  get #last(): OpenFolder {
    return this.#open.at(-1) ?? { name: '', objects: 0, size: 0 };
  }

  #close(): FolderUsage {
    const folder = this.#last;
    this.#open.pop();
    const above = this.#open.at(-1);
    if (above !== undefined) {
      above.objects += folder.objects;
      above.size += folder.size;
    }
    return folder;
  }
}
