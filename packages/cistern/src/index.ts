/** Cistern inside a program. */

export type { Credentials } from './credentials.ts';
export { startServer } from './start-server.ts';
export type { CisternServer, StartServerOptions } from './start-server.ts';
