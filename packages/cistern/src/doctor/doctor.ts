/** What `cistern doctor` looks at, in which order. */

import type { Cli } from '../command/cli.ts';
import { usage } from '../failures/failure.ts';
import { parsePlace, REMOTE_NAME } from '../places/place.ts';
import type { Place } from '../places/place.ts';
import { readRemotes } from '../places/remotes.ts';
import { ok, problem } from './finding.ts';
import type { Finding } from './finding.ts';
import { checkMachine } from './machine.ts';
import type { ServiceFlags } from './service.ts';

/** What says that the environment means some service. */
const MEANT_BY = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3', 'AWS_ACCESS_KEY_ID', 'AWS_PROFILE'];

/**
 * @param text a place or the name of a remote; when left out, the service that flags or the environment mean, if any
 * @throws {Failure} a usage error
 */
export async function* examine(
  cli: Cli,
  text: string | undefined,
  flags: ServiceFlags,
): AsyncGenerator<Finding, void, void> {
  // A place that is none is told before anything else is looked at.
  const place = choosePlace(cli, text, flags);
  yield* checkMachine(cli.env);
  if (place === undefined) {
    yield ok('place', 'None was named: cistern doctor PLACE looks at a service, a bucket or a folder');
    return;
  }
  yield* checkPlace(cli, place, flags);
}

function choosePlace(cli: Cli, text: string | undefined, flags: ServiceFlags): Place | undefined {
  const { env } = cli;
  const context = { cwd: process.cwd(), remotes: () => readRemotes(env) };
  if (text === undefined) {
    const isMeant = flags.endpoint !== undefined || MEANT_BY.some((name) => (env[name] ?? '') !== '');
    return isMeant ? parsePlace('s3://', context) : undefined;
  }
  // A remote is named with its colon, or without it where no file is called so.
  const isRemote = REMOTE_NAME.test(text) && context.remotes().has(text);
  const place = parsePlace(isRemote ? `${text}:` : text, context);
  if (place.kind !== 'stdio' && place.kind !== 'memory') return place;
  throw usage(`There is nothing to look at in ${text}`);
}

async function* checkPlace(cli: Cli, place: Place, flags: ServiceFlags): AsyncGenerator<Finding, void, void> {
  if (place.kind === 's3' || place.kind === 'azure') {
    if (flags.write === true && place.bucket === '') {
      yield problem(
        'write',
        'Only a bucket can be written to',
        'Name one: cistern doctor --write s3://BUCKET',
      );
    }
    const { checkService } = await import('./service.ts');
    yield* checkService(cli, place, flags);
  } else {
    const { checkLocal } = await import('./local.ts');
    yield* checkLocal(cli, place);
  }
}
