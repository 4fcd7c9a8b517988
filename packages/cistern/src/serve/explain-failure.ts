/** What a failed start is told as: what is wrong, by the name under which the user has set it, and what to do next. */

import { DataDirectoryLocked, DataDirectoryUnusable } from '@cistern/server';
import { EXIT_FAILED, EXIT_USAGE } from '../command/exit-codes.ts';
import { OptionError } from '../values/option-error.ts';

export interface Failure {
  readonly message: string;
  readonly exitCode: number;
}

/** Options of `startServer` whose flags are called otherwise. */
const FLAG_OF: Readonly<Record<string, string>> = {
  dataDir: 'data',
  domains: 'domain',
  reaperIdleMs: 'reaperIdle',
  storageClasses: 'storageClass',
  'tls.cert': 'tlsCert',
  'tls.key': 'tlsKey',
  'throughput.bytesPerSecondMin': 'minThroughput',
  uploadRetentionMs: 'uploadRetention',
  livePartBytes: 'livePartSize',
  'scrub.bytesPerSecond': 'scrubRate',
  'scrub.intervalMs': 'scrubInterval',
  'blobs.cacheBytes': 'blobCache',
  'blobs.cacheDirectory': 'blobCacheDir',
};

const VARIABLE_OF: Readonly<Record<string, string>> = {
  'credentials.accessKeyId': 'CISTERN_ACCESS_KEY_ID',
  'credentials.secretAccessKey': 'CISTERN_SECRET_ACCESS_KEY',
};

/**
 * @param nameOf the flag or the variable from which a flag's value came
 * @param address host and port, as given
 */
export function explainFailure(
  error: unknown,
  { nameOf, address }: { nameOf: (flag: string) => string; address: string },
): Failure {
  if (error instanceof OptionError) {
    const { option, reason } = error;
    const name = VARIABLE_OF[option] ?? nameOf(FLAG_OF[option] ?? option);
    return { message: `${name}: ${reason}`, exitCode: EXIT_USAGE };
  }
  return { message: explainStart(error, address), exitCode: EXIT_FAILED };
}

function explainStart(error: unknown, address: string): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof DataDirectoryLocked || error instanceof DataDirectoryUnusable) return error.message;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return `${address} is in use by another program. Stop that one, choose another port with --port, or let --port 0 find a free one.`;
    case 'EACCES':
      return `${address} is not for this user to listen on (ports below 1024 often are not). Choose another port with --port.`;
    case 'EADDRNOTAVAIL':
    case 'EAI_AGAIN':
    case 'EINVAL':
    case 'ENOTFOUND':
      return `This machine has no address to listen on as ${address} (${error.message}). --host is 127.0.0.1, 0.0.0.0 for all, ::1, or another address of this machine.`;
    default:
      return error.message;
  }
}
