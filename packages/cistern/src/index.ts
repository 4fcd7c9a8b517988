/** Cistern inside a program. */

import { checkRuntime } from './serve/runtime.ts';
import type { CisternServer, StartServerOptions } from './serve/start-server.ts';

export type { Credentials } from './serve/credentials.ts';
export type { CisternServer, StartServerOptions, StorageClassOptions } from './serve/start-server.ts';

/**
 * Starts a server in this process, in threads of its own. It keeps the process alive until `close`.
 *
 * Rejects when the data directory is used by another process, cannot be written to or was written by a newer version,
 * when the port is taken (`code` EADDRINUSE), and when an option is not valid (`code` InvalidOption); nothing is left
 * running then.
 *
 * @example
 * import { startServer } from 'cistern';
 * const server = await startServer(); // a free port, a temporary directory
 * // any S3 client: endpoint server.endpoint, credentials server.credentials, region server.region, path style
 * await server.close();
 */
export async function startServer(options?: StartServerOptions): Promise<CisternServer> {
  checkRuntime(process.versions);
  const { startWithKey } = await import('./serve/start-server.ts');
  return (await startWithKey(options ?? {})).server;
}
