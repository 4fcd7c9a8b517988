/** @module The server of a history, in a process of its own with two HTTP threads, which can be killed and started again. */

import { launchServer } from '../support/server-process.ts';
import type { Fleet } from './recorder.ts';

/** The caller ends the server that runs last. */
export async function startFleet(dataDir: string): Promise<Fleet> {
  const launch = (): ReturnType<typeof launchServer> =>
    launchServer({ dataDir, arguments: ['--threads', '2'] });
  const fleet: Fleet = {
    server: await launch(),
    restart: async () => {
      await fleet.server.kill();
      fleet.server = await launch();
    },
  };
  return fleet;
}
