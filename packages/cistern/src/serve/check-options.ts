/**
 * The options of `startServer`, checked once, before anything is made or started: what comes out is a server's
 * configuration but for the data directory and root's key, which have to be opened first.
 */

import { resolve } from 'node:path';
import { isValidBucketName } from '@cistern/protocol';
import { LIMITS, THROUGHPUT_RULE } from '@cistern/server';
import type { BlobStoreConfig, LogLevel, ServerConfig } from '@cistern/server';
import type { Credentials } from './credentials.ts';
import { OptionError } from '../values/option-error.ts';
import type { BlobsOptions, StartServerOptions } from './start-server.ts';
import { checkStorageClasses } from './storage-classes.ts';
import {
  ACCESS_KEY_RULE,
  checkDistinct,
  checkUser,
  isAccessKeyId,
  isSecretAccessKey,
  SECRET_RULE,
} from './users.ts';

export type CheckedOptions = Omit<ServerConfig, 'dataDir'> & {
  /** Undefined: a temporary one is wanted. */
  readonly dataDir: string | undefined;
  /** Undefined: that of the data directory. */
  readonly credentials: Credentials | undefined;
};

export const LOG_LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];
export const THREADS_MAX = 256;
const FEED_RETENTION_MS = 7 * 24 * 3600 * 1000;
const LIVE_PART_BYTES = 8 * 1024 * 1024;
const UPLOAD_RETENTION_MS = 7 * 24 * 3600 * 1000;
const REAPER_IDLE_MS = 250;
const SCRUB_BYTES_PER_SECOND = 8 * 1024 * 1024;
const SCRUB_INTERVAL_MS = 30 * 24 * 3600 * 1000;
const BLOB_CACHE_BYTES = 256 * 1024 * 1024;
/** Deleting is what makes room: an hour is long to wait for it. */
export const REAPER_IDLE_MS_MAX = 3600 * 1000;
/** The longest that a timer can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Each once, so that a misspelt one is refused and not ignored. */
const NAMES: Readonly<Record<keyof StartServerOptions, true>> = {
  dataDir: true,
  host: true,
  port: true,
  threads: true,
  domains: true,
  region: true,
  tls: true,
  credentials: true,
  users: true,
  buckets: true,
  logLevel: true,
  onLog: true,
  throughput: true,
  drainMs: true,
  feedRetentionMs: true,
  reaperIdleMs: true,
  storageClasses: true,
  blobs: true,
  uploadRetentionMs: true,
  livePartBytes: true,
  scrub: true,
  onCrash: true,
};

const REGION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;

/** @throws OptionError */
export async function checkOptions(options: StartServerOptions): Promise<CheckedOptions> {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (unknown !== undefined) {
    throw new OptionError(unknown, `there is no such option. Options are ${Object.keys(NAMES).join(', ')}.`);
  }
  const { tls, credentials, throughput = THROUGHPUT_RULE } = options;
  if (tls !== undefined) await checkTls(tls);
  // Objects that were given to an AWS SDK before have a field of its own.
  const users = (options.users ?? []).map(({ name, accessKeyId, secretAccessKey }, index) =>
    checkUser({ name, accessKeyId, secretAccessKey }, `user ${index + 1}`),
  );
  checkDistinct(users);
  for (const name of options.buckets ?? []) checkBucket(name);
  for (const name of options.domains ?? []) checkDomain(name);
  return {
    dataDir: options.dataDir === undefined ? undefined : filled('dataDir', options.dataDir),
    host: filled('host', options.host ?? '127.0.0.1'),
    port: whole('port', options.port ?? 0, 0, 65_535),
    threads: whole('threads', options.threads ?? 1, 1, THREADS_MAX),
    domains: options.domains ?? [],
    region: checkRegion(options.region ?? 'us-east-1'),
    tls: tls ?? null,
    credentials: credentials === undefined ? undefined : checkCredentials(credentials),
    users,
    buckets: options.buckets ?? [],
    logLevel: checkLogLevel(options.logLevel ?? 'silent'),
    throughput: {
      bytesPerSecondMin: whole('throughput.bytesPerSecondMin', throughput.bytesPerSecondMin, 0, 2 ** 30),
      windowMs: whole('throughput.windowMs', throughput.windowMs, 1, TIMER_MS_MAX),
    },
    drainMs: whole('drainMs', options.drainMs ?? LIMITS.drainMs, 0, TIMER_MS_MAX),
    feedRetentionMs: whole('feedRetentionMs', options.feedRetentionMs ?? FEED_RETENTION_MS, 0, 2 ** 50),
    reaperIdleMs: whole('reaperIdleMs', options.reaperIdleMs ?? REAPER_IDLE_MS, 1, REAPER_IDLE_MS_MAX),
    storageClasses: checkStorageClasses(options.storageClasses ?? {}),
    blobs: options.blobs === undefined ? null : checkBlobs(options.blobs),
    livePartBytes: whole('livePartBytes', options.livePartBytes ?? LIVE_PART_BYTES, 64 * 1024, 1024 ** 3),
    scrub: {
      bytesPerSecond: whole(
        'scrub.bytesPerSecond',
        options.scrub?.bytesPerSecond ?? SCRUB_BYTES_PER_SECOND,
        0,
        2 ** 40,
      ),
      intervalMs: whole('scrub.intervalMs', options.scrub?.intervalMs ?? SCRUB_INTERVAL_MS, 1, 2 ** 50),
    },
    uploadRetentionMs: whole(
      'uploadRetentionMs',
      options.uploadRetentionMs ?? UPLOAD_RETENTION_MS,
      1,
      2 ** 50,
    ),
  };
}

/** @throws OptionError */
export function checkBlobs({ url, cacheBytes, cacheDirectory }: BlobsOptions): BlobStoreConfig {
  if (!URL.canParse(url)) {
    throw new OptionError(
      'blobs',
      'must be the URL of a store, such as s3://bucket/prefix or file:///srv/blobs.',
    );
  }
  return {
    url,
    cache: {
      bytes: whole('blobs.cacheBytes', cacheBytes ?? BLOB_CACHE_BYTES, 0, 2 ** 50),
      directory:
        cacheDirectory === undefined ? null : resolve(filled('blobs.cacheDirectory', cacheDirectory)),
    },
  };
}

/** @throws OptionError */
export function whole(option: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new OptionError(option, `must be a whole number from ${least} to ${most}, not ${value}.`);
}

function filled(option: string, value: string): string {
  if (typeof value !== 'string' || value === '') throw new OptionError(option, 'must not be empty.');
  return value;
}

export function checkLogLevel(value: string): LogLevel {
  const level = LOG_LEVELS.find((one) => one === value);
  if (level !== undefined) return level;
  throw new OptionError('logLevel', `must be one of ${LOG_LEVELS.join(', ')}, not ${JSON.stringify(value)}.`);
}

function checkRegion(value: string): string {
  if (REGION.test(value)) return value;
  throw new OptionError(
    'region',
    `must be a name such as us-east-1 of letters, digits, '.', '_' or '-', not ${JSON.stringify(value)}.`,
  );
}

function checkBucket(name: string): void {
  if (isValidBucketName(name)) return;
  throw new OptionError(
    'buckets',
    `${JSON.stringify(name)} is not a valid bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, ` +
      'a letter or digit first and last.',
  );
}

function checkDomain(name: string): void {
  if (HOST_NAME.test(name)) return;
  throw new OptionError(
    'domains',
    `${JSON.stringify(name)} is not a host name such as s3.example.com: no scheme, port or path.`,
  );
}

function checkCredentials({ accessKeyId, secretAccessKey }: Credentials): Credentials {
  if (!isAccessKeyId(accessKeyId)) {
    throw new OptionError('credentials.accessKeyId', `must be ${ACCESS_KEY_RULE}.`);
  }
  if (!isSecretAccessKey(secretAccessKey)) {
    throw new OptionError('credentials.secretAccessKey', `must be ${SECRET_RULE}.`);
  }
  return { accessKeyId, secretAccessKey };
}

/** OpenSSL's own messages do not say which of the two it means. */
async function checkTls({ cert, key }: { cert: string; key: string }): Promise<void> {
  const { createSecureContext } = await import('node:tls');
  const attempt = (option: string, reason: string, pair: { cert?: string; key?: string }): void => {
    try {
      createSecureContext(pair);
    } catch (cause) {
      throw new OptionError(option, `${reason} (${(cause as Error).message}).`);
    }
  };
  attempt('tls.cert', 'is not a certificate in PEM form', { cert });
  attempt('tls.key', 'is not a private key in PEM form without a passphrase', { key });
  attempt('tls.key', 'does not belong to the certificate', { cert, key });
}
