/**
 * An archive that is read and changed: what it had when it was opened, and what was put and deleted since. Changes are kept
 * in a temporary file and in memory until `flush` writes the archive anew; until then, and if that fails, it is what it was.
 */

import { isStoreError, StoreError } from '../../errors.ts';
import { RESERVED_PREFIX } from '../../keys.ts';
import { toSlices } from '../../slices.ts';
import { SortedKeys } from '../memory/sorted-keys.ts';
import type { ArchiveHome } from './archive-home.ts';
import type { ArchiveSource } from './archive-source.ts';
import { writeArchive } from './archive-writer.ts';
import { corrupt, readDirectory } from './directory.ts';
import type { Directory, RawEntry, ZipLimits } from './directory.ts';
import { ArchivedEntry } from './entry.ts';
import type { ZipEntry } from './entry.ts';
import { isFolderName, whatIsUnsafe } from './names.ts';
import { Spool } from './spool.ts';

export interface ArchiveOptions extends ZipLimits {
  /**
   * `true`: entries whose names would leave a folder are left out, and of two of one name the later counts. Without it such an
   * archive is refused.
   */
  readonly lenient?: boolean | undefined;
}

const WRITE_BYTES = 1024 * 1024;

interface Old {
  readonly source: ArchiveSource;
  readonly directory: Directory;
}

export class Archive {
  readonly home: ArchiveHome;
  readonly #options: ArchiveOptions;
  #old: Old | undefined;
  #entries = new Map<string, ZipEntry>();
  #keys = new SortedKeys((key) => this.#entries.has(key));
  /** folders and what else is no object, kept as it is */
  #others: ReadonlySet<RawEntry> = new Set();
  #spool: Spool | undefined;
  #changed = false;
  #locked = false;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(home: ArchiveHome, options: ArchiveOptions) {
    this.home = home;
    this.#options = options;
  }

  /** @throws {StoreError} `Corrupt`, `TooLarge`, `Unsupported`, `InvalidKey` (names that would leave a folder) */
  static async open(home: ArchiveHome, options: ArchiveOptions): Promise<Archive> {
    const archive = new Archive(home, options);
    await archive.#load();
    return archive;
  }

  get keys(): readonly string[] {
    return this.#keys.all;
  }

  find(key: string): ZipEntry | undefined {
    return this.#entries.get(key);
  }

  /** Makes this the archive's only writer. @returns the spool to write to, which must be released */
  beginWrite(): Promise<Spool> {
    return this.#inTurn(async () => {
      await this.#takeLock();
      this.#spool ??= await Spool.create(this.home.spoolFolder);
      this.#spool.retain();
      return this.#spool;
    });
  }

  /** Decides and changes in one step, with nobody in between. @param act takes away with an entry of `undefined` */
  change(
    key: string,
    act: (old: ZipEntry | undefined) => ZipEntry | undefined,
  ): Promise<ZipEntry | undefined> {
    return this.#inTurn(async () => {
      await this.#takeLock();
      const old = this.#entries.get(key);
      const entry = act(old);
      if (entry === undefined && old === undefined) return undefined;
      if (old?.raw === undefined) old?.data.release();
      if (entry === undefined) {
        this.#entries.delete(key);
        this.#keys.remove();
      } else {
        entry.data.retain();
        this.#entries.set(key, entry);
        if (old === undefined) this.#keys.add(key);
      }
      this.#changed = true;
      return entry;
    });
  }

  /** Writes the archive anew, if anything was changed. When this resolves all changes are durable. */
  flush(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#changed) return;
      const plan = { old: this.#old, ...this.#sort() };
      await this.home.replace(toSlices(writeArchive(plan), WRITE_BYTES), this.#old?.source);
      this.#changed = false;
      await this.#load();
    });
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.#drop();
      if (this.#locked) this.home.unlock();
    }
  }

  #sort(): { readonly kept: RawEntry[]; readonly added: ZipEntry[] } {
    const current = new Set(this.#others);
    const added: ZipEntry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.raw === undefined) added.push(entry);
      else current.add(entry.raw);
    }
    return { kept: (this.#old?.directory.entries ?? []).filter((raw) => current.has(raw)), added };
  }

  async #takeLock(): Promise<void> {
    if (this.#locked) return;
    await this.home.lock();
    try {
      // Somebody else may have written it since it was read.
      if (!(await this.home.isCurrent(this.#old?.source))) await this.#load();
      this.#locked = true;
    } catch (error) {
      this.home.unlock();
      throw error;
    }
  }

  async #load(): Promise<void> {
    const source = await this.home.open();
    const entries = new Map<string, ZipEntry>();
    const others = new Set<RawEntry>();
    let old: Old | undefined;
    if (source !== undefined) {
      try {
        old = { source, directory: await readDirectory(source, this.#options) };
        for (const raw of old.directory.entries) this.#take(source, raw, entries, others);
      } catch (error) {
        source.release();
        throw error;
      }
    }
    this.#drop();
    this.#old = old;
    this.#entries = entries;
    this.#others = others;
    this.#keys = new SortedKeys((key) => entries.has(key));
    for (const key of entries.keys()) this.#keys.add(key);
  }

  #take(source: ArchiveSource, raw: RawEntry, entries: Map<string, ZipEntry>, others: Set<RawEntry>): void {
    const unsafe = whatIsUnsafe(raw.name);
    if (unsafe !== undefined && this.#options.lenient !== true) {
      throw new StoreError(
        'InvalidKey',
        `${source.name} has an entry ${JSON.stringify(raw.name)}, which ${unsafe}: it is hostile, or old; ` +
          'with lenient: true such entries are left out',
        { operation: 'open', key: raw.name },
      );
    }
    const entry = new ArchivedEntry(source, raw);
    // A folder is no object, unless a store put one of that name.
    const isFolder = isFolderName(raw.name) && !entry.isOwn;
    if (unsafe !== undefined || isFolder || raw.name.startsWith(RESERVED_PREFIX)) {
      others.add(raw);
      return;
    }
    if (entries.has(raw.name) && this.#options.lenient !== true) {
      throw corrupt(
        source.name,
        `${raw.name} is in it twice; with lenient: true the later one counts, as for most programs`,
      );
    }
    entries.set(raw.name, entry);
  }

  /** Lets go of all that is open; reads that have begun keep what they need. */
  #drop(): void {
    for (const entry of this.#entries.values()) if (entry.raw === undefined) entry.data.release();
    this.#entries.clear();
    this.#spool?.release();
    this.#spool = undefined;
    this.#old?.source.release();
    this.#old = undefined;
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(act);
    this.#turn = result.catch((error: unknown) => isStoreError(error));
    return result;
  }
}
