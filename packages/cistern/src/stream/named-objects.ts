/** The objects that a place names, for commands that read them one after the other. */

import type { Store } from '@cistern/store';
import type { Cli } from '../command/cli.ts';
import type { LiteralFlag, ReachFlags } from '../command/options.ts';
import { usage } from '../failures/failure.ts';
import { report } from '../failures/report.ts';
import { expand } from '../select/expand.ts';

export interface NamedObject {
  readonly store: Store;
  readonly key: string;
  /** as the user can name it again */
  readonly name: string;
}

/** Acts on each of them in turn. One that fails is told, and does not keep the others from their turn. */
export async function eachObject(
  cli: Cli,
  texts: readonly string[],
  flags: ReachFlags & LiteralFlag,
  act: (object: NamedObject) => Promise<void>,
): Promise<void> {
  for (const text of texts) {
    try {
      for await (const object of objectsAt(cli, text, flags)) {
        try {
          await act(object);
        } catch (error) {
          await report(cli, error);
        }
      }
    } catch (error) {
      await report(cli, error);
    }
    // What is left is for nobody.
    if (cli.out.isClosed) return;
  }
}

/**
 * One object, whether it is there or not; of a pattern those that match.
 *
 * @throws {Failure} a usage error for a folder; not found when nothing matches
 */
async function* objectsAt(
  cli: Cli,
  text: string,
  flags: ReachFlags & LiteralFlag,
): AsyncGenerator<NamedObject> {
  const selection = await expand(await cli.places(), text, flags);
  const { opened, key, isFolder, pattern } = selection;
  const { store } = opened;
  if (pattern !== undefined) {
    const { walk } = await import('../select/walk.ts');
    for await (const found of walk(selection)) {
      if (found.type === 'object') yield { store, key: found.key, name: opened.name(found.key) };
    }
    return;
  }
  if (isFolder) throw usage(`${text} is a folder`, `Name an object: cistern ls ${text} shows those it has.`);
  yield { store, key, name: opened.name(key) };
}
