/** What is to be moved: one object, from where it is to where it goes. Planned by plan.ts, done by run-transfers.ts. */

import type { ListedObject } from '@cistern/store';
import type { OpenPlace } from '../places/places.ts';

export interface Job {
  readonly from: OpenPlace;
  /** as listed, or looked up */
  readonly source: ListedObject;
  readonly to: OpenPlace;
  /** in the store of `to` */
  readonly key: string;
  /** what is at `key`: nothing if undefined; `unknown` when nobody has looked */
  readonly target: ListedObject | undefined | 'unknown';
}

/** @returns source and target as the user would name them */
export function jobNames({ from, source, to, key }: Job): { source: string; target: string } {
  return { source: from.name(source.key), target: to.name(key) };
}
