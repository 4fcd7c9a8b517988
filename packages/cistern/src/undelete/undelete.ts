/** Brings back what was deleted: the delete markers over the newest version of each key are removed. Streams, as deletions do. */

import type { ListedVersion, VersionName } from '@cistern/store';
import type { InBucket } from '../buckets/in-bucket.ts';
import type { Cli } from '../command/cli.ts';
import type { FilterFlags, LiteralFlag, OutputFlags, ReachFlags } from '../command/options.ts';
import { explain } from '../failures/explain.ts';
import { interrupted, notFound, usage } from '../failures/failure.ts';
import { formatCount } from '../terminal/sizes.ts';
import { untilStopped } from '../remove/until-stopped.ts';
import { toFilter } from '../select/filters.ts';
import type { Filter } from '../select/filters.ts';
import { walkVersions } from '../select/walk-versions.ts';
import type { FoundVersion } from '../select/walk-versions.ts';
import { printable } from '../terminal/printable.ts';

export interface UndeleteFlags extends OutputFlags, ReachFlags, FilterFlags, LiteralFlag {
  readonly recursive?: true;
  readonly dryRun?: true;
  readonly version?: string;
  readonly quiet?: true;
}

/** A key that is deleted, and what of it would show again. */
interface Deleted {
  readonly key: string;
  /** '' where there is no delete marker: the service only has no current version */
  readonly markers: readonly string[];
  readonly back: ListedVersion;
}

export class Undeletion {
  readonly #cli: Cli;
  readonly #flags: UndeleteFlags;
  readonly #filter: Filter | undefined;
  #back = 0;
  #failed = 0;

  constructor(cli: Cli, flags: UndeleteFlags) {
    this.#cli = cli;
    this.#flags = flags;
    this.#filter = toFilter(flags);
  }

  /** @throws {Failure} when the one object that was named is not deleted */
  async run(place: InBucket): Promise<void> {
    const { selection, features } = place;
    const { signal } = this.#cli;
    const name = (key: string): string => selection.opened.name(key);
    let found = 0;
    // Of those under way alone: a key waits for all of its markers.
    const waiting = new Map<string, { left: number; readonly back: ListedVersion }>();
    const deletedKeys = untilStopped(this.#deletedKeys(place), signal);
    const { opened } = selection;
    const act = this.#flags.dryRun !== true;
    const told = async (key: string, back: ListedVersion): Promise<void> => this.#tell(name(key), back);
    const failed = (shown: string, error: unknown): Promise<void> => this.#fail(shown, error);
    async function* markers(): AsyncGenerator<VersionName> {
      for await (const { key, markers: versions, back } of deletedKeys) {
        found++;
        if (act && versions.length > 0) {
          waiting.set(key, { left: versions.length, back });
          for (const version of versions) yield { key, version };
          continue;
        }
        try {
          if (act) await opened.store.copy(key, key, { version: back.version, signal });
          await told(key, back);
        } catch (error) {
          if (signal.aborted) throw error;
          await failed(name(key), error);
        }
      }
    }
    for await (const { key, error } of features.deleteVersions(markers())) {
      const one = waiting.get(key);
      if (one === undefined) continue;
      if (error !== undefined) {
        waiting.delete(key);
        await this.#fail(name(key), error);
      } else if (--one.left === 0) {
        waiting.delete(key);
        await told(key, one.back);
      }
    }
    if (signal.aborted) throw interrupted('Stopped', 'The same command goes on with what is left.');
    // Of many there may be none: the same command again has nothing left to do.
    if (found > 0 || this.#flags.recursive === true || this.#filter !== undefined) return;
    throw notFound(`${selection.text} is not deleted, or no version of it is left`);
  }

  async end(): Promise<void> {
    const cli = this.#cli;
    const [back, failed] = [this.#back, this.#failed];
    const { json, quiet, dryRun } = this.#flags;
    if (json === true) {
      await cli.out.json({ type: 'summary', undeleted: back, failed, dryRun });
    } else if (quiet !== true && (back > 0 || cli.exitCode === 0)) {
      await cli.out.flush();
      const done = `${dryRun === true ? 'would bring back' : 'brought back'} ${formatCount(back, 'object')}`;
      cli.warn(failed === 0 ? done : `${done}; ${failed.toLocaleString('en')} failed`);
    }
  }

  /** Keys whose newest versions are delete markers, and others are there. The filter is asked of the deletion: its time counts. */
  async *#deletedKeys(place: InBucket): AsyncGenerator<Deleted> {
    const { signal } = this.#cli;
    const below = this.#flags.recursive === true;
    let markers: FoundVersion[] = [];
    let key: string | undefined;
    for await (const version of walkVersions(place, { below, signal })) {
      if (version.key !== key) {
        key = version.key;
        markers = [];
        if (version.isDeleteMarker) markers.push(version);
        else if (!version.isLatest && this.#isMeant(version)) yield { key, markers: [], back: version };
        continue;
      }
      const [deletion] = markers;
      if (deletion === undefined) continue;
      if (version.isDeleteMarker) {
        markers.push(version);
        continue;
      }
      if (this.#isMeant({ ...deletion, size: version.size }))
        yield { key, markers: markers.map((one) => one.version), back: version };
      markers = [];
    }
  }

  #isMeant(deletion: FoundVersion): boolean {
    return this.#filter === undefined || this.#filter(deletion.name, deletion);
  }

  async #tell(name: string, { key, version, size, lastModified }: ListedVersion): Promise<void> {
    this.#back++;
    const { json, dryRun } = this.#flags;
    const { out } = this.#cli;
    const time = lastModified.toISOString();
    if (json === true)
      await out.json({ type: 'undeleted', name, key, version, size, lastModified: time, dryRun });
    else await out.line(out.isTerminal ? printable(name) : name);
  }

  async #fail(name: string, error: unknown): Promise<void> {
    this.#failed++;
    const cli = this.#cli;
    const { code, message, advice, exitCode } = await explain(error, cli);
    if (cli.exitCode === 0) cli.exitCode = exitCode;
    if (this.#flags.json === true) await cli.out.json({ type: 'failed', name, code, message, advice });
    else {
      await cli.out.flush();
      cli.warn(printable(`${name}: ${message}`));
      if (advice !== undefined) cli.note(`  ${advice}`);
    }
  }
}

/** Makes an old version the current one: a copy of it onto its key. */
export async function restoreVersion(
  cli: Cli,
  place: InBucket,
  version: string,
  { dryRun, json }: UndeleteFlags,
): Promise<void> {
  const { signal } = cli;
  const { text, opened, key, isFolder } = place.selection;
  if (isFolder) throw usage(`${text} is no object`, '--version is of one object: name it.');
  const name = opened.name(key);
  for await (const found of walkVersions(place, { below: false, signal })) {
    if (found.version !== version) continue;
    if (found.isDeleteMarker) {
      throw usage(`${version} is a delete marker, and no version`, `cistern rm ${text} deletes it.`);
    }
    if (found.isLatest) throw usage(`${version} is the current version of ${text} already`);
    const made = dryRun === true ? undefined : await opened.store.copy(key, key, { version, signal });
    const { size, lastModified } = made ?? found;
    const back = { key, version: made?.version ?? version, size, lastModified: lastModified.toISOString() };
    if (json === true) await cli.out.json({ type: 'undeleted', name, ...back, from: version, dryRun });
    else await cli.out.line(name);
    return;
  }
  throw notFound(`There is no version ${version} of ${text}`, 'cistern versions shows those there are.');
}
