/** The gateway, for whoever configures and starts it. */

export { ClassDirectoryUnusable } from './class-directories.ts';
export type { BlobStoreConfig, LogLevel, ServerConfig, StorageClassMap, User } from './config.ts';
export {
  CatalogMissing,
  DataDirectoryLocked,
  DataDirectoryUnusable,
  lockDataDirectory,
  openDataDirectory,
} from './data-directory.ts';
export type { DataDirectory } from './data-directory.ts';
export type { Counts, FsckEvent, FsckReport, Problem } from './fsck/report.ts';
export { FsckImpossible, runFsck } from './fsck/run-fsck.ts';
export { LIMITS, THROUGHPUT_RULE } from './limits.ts';
export type { ThroughputRule } from './limits.ts';
export { runServer } from './server.ts';
export type { RunningServer, ServerHandlers } from './server.ts';
