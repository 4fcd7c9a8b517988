/** The objects that a place names, for commands that read them one after the other. */

import type { Store } from '@cistern/store';
import type { Cli } from '../command/cli.ts';
import type { ReachFlags } from '../command/options.ts';
import { usage } from '../failures/failure.ts';

export interface NamedObject {
  readonly store: Store;
  readonly key: string;
  /** as the user can name it again */
  readonly name: string;
}

/** One object. Whether it is there is not looked at. @throws {Failure} a usage error for a folder */
export async function* objectsAt(cli: Cli, text: string, flags: ReachFlags): AsyncGenerator<NamedObject> {
  const places = await cli.places();
  const opened = await places.open(text, flags);
  const { store, key, isFolder } = opened;
  if (isFolder) throw usage(`${text} is a folder`, `Name an object: cistern ls ${text} shows those it has.`);
  yield { store, key, name: opened.name(key) };
}
