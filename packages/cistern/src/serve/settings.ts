/**
 * The settings of `cistern serve`: each a flag and an environment variable, the flag first. Texts become the options of
 * `startServer` here; what they may be is checked there.
 */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { THROUGHPUT_RULE } from '@cistern/server';
import { parseBytes } from '../values/bytes.ts';
import { checkLogLevel, REAPER_IDLE_MS_MAX, THREADS_MAX, whole } from './check-options.ts';
import type { Credentials } from './credentials.ts';
import { parseDuration } from '../values/duration.ts';
import { OptionError } from '../values/option-error.ts';
import type { StartServerOptions } from './start-server.ts';
import { parseStorageClasses } from './storage-classes.ts';
import { parseUsers } from './users.ts';

/** As commander gives them: texts of flags or of the environment. */
export interface ServeFlags {
  readonly data: string;
  readonly host: string;
  readonly port: string;
  readonly threads?: string;
  readonly domain: readonly string[];
  readonly region: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly users?: string;
  readonly buckets: readonly string[];
  readonly logLevel: string;
  readonly minThroughput: string;
  readonly storageClass: readonly string[];
  readonly blobs?: string;
  readonly blobCache: string;
  readonly blobCacheDir?: string;
  readonly uploadRetention: string;
  readonly reaperIdle: string;
  readonly livePartSize: string;
  readonly scrubRate: string;
  readonly scrubInterval: string;
}

/** @throws OptionError */
export function readSettings(flags: ServeFlags, environment: NodeJS.ProcessEnv): StartServerOptions {
  const tls = readTls(flags);
  const credentials = readRootKey(environment);
  return {
    dataDir: flags.data,
    host: flags.host,
    port: readPort(flags.port),
    threads:
      flags.threads === undefined
        ? availableParallelism()
        : wholeNumber('threads', flags.threads, 1, THREADS_MAX),
    domains: flags.domain,
    region: flags.region,
    ...(tls !== undefined && { tls }),
    ...(credentials !== undefined && { credentials }),
    users: readUsers(flags, environment),
    buckets: flags.buckets,
    logLevel: checkLogLevel(flags.logLevel),
    throughput: {
      bytesPerSecondMin: wholeNumber('throughput.bytesPerSecondMin', flags.minThroughput, 0, 2 ** 30),
      windowMs: THROUGHPUT_RULE.windowMs,
    },
    storageClasses: parseStorageClasses(flags.storageClass),
    ...readBlobs(flags),
    livePartBytes: parseBytes('livePartBytes', flags.livePartSize),
    reaperIdleMs: wholeNumber('reaperIdleMs', flags.reaperIdle, 1, REAPER_IDLE_MS_MAX),
    uploadRetentionMs: parseDuration('uploadRetentionMs', flags.uploadRetention),
    scrub: {
      bytesPerSecond: flags.scrubRate === '0' ? 0 : parseBytes('scrub.bytesPerSecond', flags.scrubRate),
      intervalMs: parseDuration('scrub.intervalMs', flags.scrubInterval),
    },
  };
}

function readBlobs({ blobs, blobCache, blobCacheDir }: ServeFlags): Pick<StartServerOptions, 'blobs'> {
  if (blobs === undefined) {
    if (blobCacheDir !== undefined)
      throw new OptionError('blobs.cacheDirectory', 'is of use with --blobs only.');
    return {};
  }
  return {
    blobs: {
      url: blobs,
      cacheBytes: parseBytes('blobs.cacheBytes', blobCache),
      ...(blobCacheDir !== undefined && { cacheDirectory: blobCacheDir }),
    },
  };
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  if (/^\d+$/.test(text)) return whole(option, Number(text), least, most);
  throw new OptionError(
    option,
    `must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}.`,
  );
}

function readPort(text: string): number {
  if (text.startsWith('tcp://')) {
    throw new OptionError(
      'port',
      `is ${JSON.stringify(text)}, which Kubernetes sets for a service named "cistern". ` +
        'Give the pod "enableServiceLinks: false", or the service another name.',
    );
  }
  return wholeNumber('port', text, 0, 65_535);
}

function readTls({ tlsCert, tlsKey }: ServeFlags): { cert: string; key: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined) throw new OptionError('tls.cert', 'is missing: the key alone is no use.');
  if (tlsKey === undefined) throw new OptionError('tls.key', 'is missing: the certificate alone is no use.');
  return { cert: readText('tls.cert', tlsCert), key: readText('tls.key', tlsKey) };
}

function readText(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new OptionError(option, `the file cannot be read (${(error as Error).message}).`);
  }
}

function readRootKey(environment: NodeJS.ProcessEnv): Credentials | undefined {
  const accessKeyId = environment['CISTERN_ACCESS_KEY_ID'];
  const secretAccessKey = environment['CISTERN_SECRET_ACCESS_KEY'];
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId === undefined) {
    throw new OptionError('credentials.accessKeyId', 'is missing beside the secret. Set both, or neither.');
  }
  if (secretAccessKey === undefined) {
    throw new OptionError('credentials.secretAccessKey', 'is missing beside the id. Set both, or neither.');
  }
  return { accessKeyId, secretAccessKey };
}

function readUsers(flags: ServeFlags, environment: NodeJS.ProcessEnv): ReturnType<typeof parseUsers> {
  const inline = environment['CISTERN_USERS'];
  return [
    ...(flags.users === undefined ? [] : parseUsers(readText('users', flags.users), flags.users)),
    ...(inline === undefined ? [] : parseUsers(inline, 'CISTERN_USERS')),
  ];
}
