/**
 * From what was named to what is to be moved: every source with its target and with what is there. Mistakes that can be seen without
 * moving anything (no such source, two sources for one target, a folder into itself) are thrown before the first job.
 */

import { statSync } from 'node:fs';
import { usage } from '../failures/failure.ts';
import { address } from '../places/address.ts';
import { shown } from '../places/places.ts';
import type { OpenPlace, Places } from '../places/places.ts';
import type { Job } from './job.ts';
import { matchTargets } from './match-targets.ts';
import { isMissingFile } from '../places/missing-file.ts';
import { resolveSource } from './sources.ts';
import type { ObjectSource, Source, SourceOptions, TreeSource } from './sources.ts';

export interface Plan {
  readonly sources: readonly Source[];
  readonly to: OpenPlace;
  /** one object was named, and nothing else */
  readonly isSingle: boolean;
  /** To be iterated once. */
  readonly jobs: AsyncIterable<Job>;
}

/**
 * Names, for a source and its target:
 *
 * | | |
 * |---|---|
 * | an object to `DEST` | `DEST` |
 * | an object to `DEST/`, or to a folder of this machine that is there | `DEST/object` |
 * | a folder, with `--recursive` | `DEST/` and its name below the folder |
 * | what matches a pattern | `DEST/` and its name below what stands before the pattern |
 * | several sources: an object, a folder | `DEST/object`, `DEST/folder/` and its name below the folder |
 *
 * @throws {Failure}
 */
export async function plan(
  places: Places,
  texts: readonly string[],
  destination: string,
  options: SourceOptions,
): Promise<Plan> {
  const sources: Source[] = [];
  try {
    for (const text of texts) sources.push(await resolveSource(places, text, options));
    return await planOf(places, sources, destination, options);
  } catch (error) {
    await closeAll(sources);
    throw error;
  }
}

/** A listing that nobody goes on with would keep its connection. */
async function closeAll(sources: readonly Source[]): Promise<void> {
  for (const source of sources) if (source.kind !== 'object') await source.close();
}

async function planOf(
  places: Places,
  sources: readonly Source[],
  destination: string,
  options: SourceOptions,
): Promise<Plan> {
  const { flags, signal } = options;
  const [first] = sources;
  const to = await openTarget(places, destination, { flags, isFolder: first?.kind === 'folder' });
  const isSingle = sources.length === 1 && first?.kind === 'object';
  const isMany = sources.length > 1 || first?.kind === 'glob';
  if (isMany && !to.isFolder) {
    throw usage(`${destination} is no folder, and there may be several objects`, `Write ${destination}/`);
  }
  if (flags.version !== undefined && !isSingle) throw usage('--version is of a single object');
  if (sources.length > 1) checkNames(sources);
  const base = to.key === '' || to.key.endsWith('/') ? to.key : `${to.key}/`;
  const planned: Planned[] = sources.map((source) => {
    if (source.kind === 'object') {
      const key = isMany || to.isFolder ? base + source.name : to.key;
      refuseSelf(source, to, key);
      return { source, key };
    }
    const key = sources.length > 1 && source.kind === 'folder' ? `${base}${source.name}/` : base;
    refuseNesting(source, to, key);
    return { source, key };
  });
  if (sources.length > 1) await checkPatterns(planned);
  async function* jobs(): AsyncGenerator<Job> {
    try {
      for (const { source, key } of planned) {
        if (source.kind === 'object') {
          const isMeant = options.filter?.(source.name, source.object) !== false;
          if (isMeant) yield { from: source.open, source: source.object, to, key, target: 'unknown' };
          continue;
        }
        const targets = to.store.list({ prefix: key, signal });
        for await (const { relative, entry, target } of matchTargets(source.entries, targets, key)) {
          yield { from: source.open, source: entry, to, key: key + relative, target };
        }
      }
    } finally {
      await closeAll(sources);
    }
  }
  return { sources, to, isSingle, jobs: jobs() };
}

interface TargetOptions {
  readonly flags: SourceOptions['flags'];
  /** a folder is copied to it */
  readonly isFolder: boolean;
}

/** A dry run makes no file either: what is not there yet is empty. */
async function openTarget(
  places: Places,
  destination: string,
  { flags, isFolder }: TargetOptions,
): Promise<OpenPlace> {
  const named = places.parse(destination);
  const isNew = isFolder && named.kind === 'local' && !named.isFolder;
  if (isNew && statSync(named.path, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw usage(`${destination} is a file, and no folder`, 'Move that file away, or choose another name.');
  }
  // As the folder that it will be: the same command finds it, and goes on in it.
  const place = isNew ? { ...named, isFolder: true } : named;
  if (flags.dryRun !== true || !isMissingFile(place)) return places.open(place, flags);
  const empty = await places.open({ ...place, kind: 'memory' }, flags);
  return { ...empty, place, name: (key) => shown(place, key) };
}

interface Planned {
  source: Source;
  /** of an object its target; of others what stands before each target */
  readonly key: string;
}

/** What matches patterns is looked through beforehand: two of several sources must not become one. */
async function checkPatterns(planned: Planned[]): Promise<void> {
  if (planned.every(({ source }) => source.kind !== 'glob')) return;
  const seen = new Map<string, string>();
  for (const one of planned) {
    const { source, key } = one;
    const entries = source.kind === 'object' ? [] : await Array.fromAsync(source.entries);
    const keys = source.kind === 'object' ? [key] : entries.map(({ relative }) => key + relative);
    for (const target of keys) {
      const other = seen.get(target);
      if (other !== undefined) {
        throw usage(`${other} and ${source.text} would both become ${target}`, 'Copy one of them by itself');
      }
      seen.set(target, source.text);
    }
    // Listed once.
    if (source.kind !== 'object') one.source = { ...source, entries: each(entries) };
  }
}

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

/** Each of several sources has a name of its own below the destination. */
function checkNames(sources: readonly Source[]): void {
  const seen = new Map<string, string>();
  for (const { kind, name, text } of sources.flatMap((one) => (one.kind === 'glob' ? [] : [one]))) {
    if (name === '') {
      throw usage(`${text} has no name that it could keep among several sources`, 'Copy it by itself');
    }
    const other = seen.get(name);
    if (other !== undefined) {
      throw usage(
        `${other} and ${text} would both become ${name}${kind === 'folder' ? '/' : ''}`,
        'Copy one of them by itself',
      );
    }
    seen.set(name, text);
  }
}

function refuseSelf({ open, object, text }: ObjectSource, to: OpenPlace, key: string): void {
  if (address(open, object.key) === address(to, key)) throw usage(`${text} would be copied onto itself`);
}

function refuseNesting({ open, prefix, text, isDeep }: TreeSource, to: OpenPlace, key: string): void {
  const [from, target] = [address(open, prefix), address(to, key)];
  const inside = (a: string, b: string): boolean => a.startsWith(b.endsWith('/') ? b : `${b}/`) || a === b;
  if (from === target) throw usage(`${text} would be copied onto itself`);
  // `*.txt` to a folder below: nothing that is written there matches.
  if (!isDeep) return;
  if (inside(target, from)) throw usage(`${to.place.text} is inside of ${text}`, 'Copy to a place beside it');
  if (inside(from, target)) throw usage(`${text} is inside of ${to.place.text}`, 'Copy to a place beside it');
}
