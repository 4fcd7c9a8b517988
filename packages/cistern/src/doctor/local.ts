/** Whether a folder or a file of this machine can be used as a place. Changes nothing. */

import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Cli } from '../command/cli.ts';
import { explain } from '../failures/explain.ts';
import type { Place } from '../places/place.ts';
import { ok, problem, warning } from './finding.ts';
import type { Finding } from './finding.ts';
import { checkDisk } from './machine.ts';

/** @param place of the kinds `local`, `zip`, `sqlite` and `hashed` */
export async function* checkLocal(cli: Cli, place: Place): AsyncGenerator<Finding, void, void> {
  const { path, kind } = place;
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) {
    const above = dirname(path);
    const isMade =
      statSync(above, { throwIfNoEntry: false })?.isDirectory() === true && isAllowed(above, constants.W_OK);
    yield isMade
      ? warning('place', `${path} is not there yet: it is made when something is written`)
      : problem(
          'place',
          `${path} is not there, and cannot be made`,
          'Check the spelling and the folder above it.',
        );
    return;
  }
  if (!isAllowed(path, constants.R_OK)) {
    yield problem('place', `You may not read ${path}`, 'Look at its owner and its permissions (ls -ld).');
    return;
  }
  yield isAllowed(path, constants.W_OK)
    ? ok('place', `${path} can be read and written`)
    : warning(
        'place',
        `${path} can be read, and not written`,
        'Look at its owner and its permissions (ls -ld).',
      );
  if (kind !== 'local') yield await openOnce(cli, place);
  yield* checkDisk('disk', 'there', there.isDirectory() ? path : dirname(path));
}

/** Whether it is what its name says. */
async function openOnce(cli: Cli, place: Place): Promise<Finding> {
  try {
    const { store } = await (await cli.places()).open(place);
    for await (const _ of store.list({ signal: cli.signal })) break;
    return ok('place', `It is a ${place.kind} store`);
  } catch (error) {
    const { message, advice } = await explain(error, cli);
    return problem('place', message, advice);
  }
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
