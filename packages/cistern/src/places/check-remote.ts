/** Whether a remote can be used as it is: asked of the service once, before it is kept. */

import type { Cli } from '../command/cli.ts';
import { notFound } from '../failures/failure.ts';
import { statSync } from 'node:fs';
import { parsePlace } from './place.ts';
import type { Remote } from './remotes.ts';

/** @returns what was found @throws {Failure} @throws {StoreError} */
export async function checkRemote(cli: Cli, remote: Remote): Promise<string> {
  const remotes = (): Map<string, Remote> => new Map([[remote.name, remote]]);
  const place = parsePlace(`${remote.name}:`, { cwd: process.cwd(), remotes });
  const places = await cli.places();
  if (place.kind === 's3' || place.kind === 'azure') {
    if (place.bucket === '') {
      const service = await places.service(place);
      const buckets = await Array.fromAsync(service.listBuckets({ signal: cli.signal }));
      return `it answers, and has ${buckets.length} ${buckets.length === 1 ? 'bucket' : 'buckets'}`;
    }
    const { store, key } = await places.open(place);
    for await (const _ of store.list({ prefix: key, delimiter: '/', signal: cli.signal })) break;
    return 'it answers, and can be listed';
  }
  if (statSync(place.path, { throwIfNoEntry: false }) !== undefined) return 'it is there';
  throw notFound(`${place.path} is not there`, 'Make it first, or leave --check out.');
}
