/**
 * Which of the objects found are meant: by name, age and size. Names are relative to the place that the user named.
 *
 * Rules of names are taken in the order in which they were given, and the last that matches decides. What none matches is meant, unless the
 * first rule is an `--include`: then only what is included is. A pattern without a slash matches a name at any depth, one with a slash the whole
 * path; matching a folder is matching all that is below it.
 */

import { parseSize } from '../values/bytes.ts';
import { parseMoment } from '../values/moment.ts';
import { globSource } from './glob.ts';

export interface NameRule {
  readonly glob: string;
  readonly isInclude: boolean;
}

/** The flags of `filterOptions`. */
export interface FilterFlags {
  /** `--include` and `--exclude`, in their order */
  readonly names?: readonly NameRule[];
  readonly newerThan?: string;
  readonly olderThan?: string;
  readonly largerThan?: string;
  readonly smallerThan?: string;
}

/**
 * @param name relative to the place; of a folder with a slash at its end
 * @param object undefined for a folder, which has neither size nor age: whoever asks for these gets no folders
 */
export type Filter = (
  name: string,
  object: { readonly size: number; readonly lastModified: Date } | undefined,
) => boolean;

/** @returns undefined when every object is meant @throws {Failure} @throws {OptionError} usage */
export function toFilter(flags: FilterFlags, now: number = Date.now()): Filter | undefined {
  const { newerThan, olderThan, largerThan, smallerThan } = flags;
  const tests: Filter[] = [];
  if (flags.names !== undefined && flags.names.length > 0) tests.push(nameFilter(flags.names));
  if (newerThan !== undefined) {
    const time = parseMoment('--newer-than', newerThan, now);
    tests.push((_, object) => object !== undefined && object.lastModified.getTime() > time);
  }
  if (olderThan !== undefined) {
    const time = parseMoment('--older-than', olderThan, now);
    tests.push((_, object) => object !== undefined && object.lastModified.getTime() < time);
  }
  if (largerThan !== undefined) {
    const bytes = parseSize('--larger-than', largerThan);
    tests.push((_, object) => object !== undefined && object.size > bytes);
  }
  if (smallerThan !== undefined) {
    const bytes = parseSize('--smaller-than', smallerThan);
    tests.push((_, object) => object !== undefined && object.size < bytes);
  }
  if (tests.length === 0) return undefined;
  return (name, object) => tests.every((one) => one(name, object));
}

function nameFilter(rules: readonly NameRule[]): Filter {
  // The last that matches decides, so that it is asked first.
  const tests = rules.map(({ glob, isInclude }) => ({ expression: toExpression(glob), isInclude })).reverse();
  const otherwise = rules[0]?.isInclude !== true;
  return (name) => tests.find(({ expression }) => expression.test(name))?.isInclude ?? otherwise;
}

function toExpression(glob: string): RegExp {
  const isBelowOnly = glob.endsWith('/');
  const pattern = isBelowOnly ? glob.slice(0, -1) : glob;
  const isAnchored = pattern.includes('/');
  const source = globSource(isAnchored ? pattern.replace(/^\//, '') : pattern);
  return new RegExp(`^${isAnchored ? '' : '(?:.*/)?'}(?:${source})${isBelowOnly ? '/' : '(?:/|$)'}`, 'su');
}
