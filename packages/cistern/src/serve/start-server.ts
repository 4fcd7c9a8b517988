/**
 * The server inside a program: real, not a mock, on a free port and in a temporary directory unless told otherwise. The
 * package's entry has the public function; this module loads what only a current Node.js has.
 */

import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openDataDirectory, runServer } from '@cistern/server';
import type { DataDirectory, LogLevel, RunningServer, ThroughputRule } from '@cistern/server';
import { checkOptions } from './check-options.ts';
import type { CheckedOptions } from './check-options.ts';
import { makeCredentials, rootKeyOf } from './credentials.ts';
import type { Credentials, RootKey } from './credentials.ts';
import { checkDistinct, ROOT_NAME } from './users.ts';

export interface StartServerOptions {
  /** Default: a temporary directory, removed by `close`. */
  readonly dataDir?: string;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** HTTP threads. Default 1. */
  readonly threads?: number;
  /** Names under which `<bucket>.<name>` addresses a bucket. Default: none, path style only. */
  readonly domains?: readonly string[];
  /** Default: us-east-1. */
  readonly region?: string;
  /** PEM; with it the endpoint is https. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The root key. Default: that of the data directory, made when it has none. */
  readonly credentials?: Credentials;
  /** Users beside root. Default: none. */
  readonly users?: readonly {
    readonly name: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  }[];
  /** Created when missing; they belong to root. */
  readonly buckets?: readonly string[];
  /** Default: silent. */
  readonly logLevel?: LogLevel;
  /** Gets the structured log lines. Default: standard error. */
  readonly onLog?: (lines: string) => void;
  /** The rule against stalled clients. Default: 1,024 bytes a second over 20 s. */
  readonly throughput?: ThroughputRule;
  /** How long `close` waits for requests in flight, in ms. Default: 30,000. */
  readonly drainMs?: number;
  /** How long the feed's rows are kept, in ms. Default: seven days. */
  readonly feedRetentionMs?: number;
  /** How long the reaper rests, in ms, when it found nothing to delete. Default: 250. */
  readonly reaperIdleMs?: number;
  /**
   * What storage classes mean, by name: a directory of their own for what objects above 64 KiB consist of, and
   * compression. Default: they are kept with the object, and mean nothing.
   */
  readonly storageClasses?: Readonly<Record<string, StorageClassOptions>>;
  /**
   * Keeps what objects above 64 KiB consist of in another store: the URL of an S3 bucket, a container of Azure or a
   * directory, as `open` of `@cistern/store` takes it. Default: they are in the data directory.
   */
  readonly blobs?: BlobsOptions;
  /** How long a multipart upload may be idle before it is aborted, in ms. Default: seven days. */
  readonly uploadRetentionMs?: number;
  /**
   * Reading all that is stored again and again, to find what the disk has changed: how many bytes a second (default:
   * 8 MiB; 0: it is not done), and how long after a round began the next one does, in ms (default: 30 days).
   */
  readonly scrub?: { readonly bytesPerSecond?: number; readonly intervalMs?: number };
  /** How much of a live upload is committed, and can be read, at a time, in bytes. Default: 8 MiB. */
  readonly livePartBytes?: number;
  /** A thread has died of a fault; default: the error is thrown, and ends the process unless it is handled there. */
  readonly onCrash?: (error: Error) => void;
}

export interface BlobsOptions {
  /** `s3://bucket/prefix?endpoint=…`, `az://container/prefix`, `file:///srv/blobs`. Credentials come from the environment. */
  readonly url: string;
  /** What is kept nearby of the blobs that are read, in bytes. Default: 256 MiB; 0: nothing. */
  readonly cacheBytes?: number;
  /** Where it is kept. Default: in memory. */
  readonly cacheDirectory?: string;
}

export interface StorageClassOptions {
  /** Made when missing; another than the data directory. Default: the data directory. */
  readonly directory?: string;
  /** Default: none. */
  readonly compression?: 'none' | 'zstd';
}

export interface CisternServer {
  /** `http://127.0.0.1:41234`, without a trailing slash. With a host of `0.0.0.0` or `::` it names this machine. */
  readonly endpoint: string;
  /** Of root. */
  readonly credentials: Credentials;
  readonly region: string;
  readonly dataDir: string;
  readonly port: number;
  /** HTTP threads that serve. */
  readonly threads: number;
  /**
   * Takes no new connections, lets requests in flight finish, closes the catalog and removes a temporary directory.
   * May be called several times.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `startServer`, which also says where root's key is from: the command line tells its user. */
export async function startWithKey(
  options: StartServerOptions,
): Promise<{ server: CisternServer; key: RootKey }> {
  const checked = await checkOptions(options);
  const temporary = checked.dataDir === undefined ? await mkdtemp(join(tmpdir(), 'cistern-')) : undefined;
  const dataDir = temporary ?? resolve(checked.dataDir ?? '.');
  let directory: DataDirectory | undefined;
  let key: RootKey | undefined;
  try {
    directory = await openDataDirectory(dataDir, checked.storageClasses, checked.blobs);
    key = findKey(checked.credentials, dataDir, temporary !== undefined);
    const users = [{ ...key.credentials, name: ROOT_NAME, root: true }, ...checked.users];
    checkDistinct(users);
    const running = await runServer({ ...checked, dataDir, users }, directory, {
      onLog: options.onLog ?? ((lines) => process.stderr.write(lines)),
      onCrash:
        options.onCrash ??
        ((error) => {
          throw error;
        }),
    });
    return { key, server: describe(running, { checked, dataDir, temporary, key }) };
  } catch (error) {
    // A key that nobody has been shown is made again by the start that succeeds.
    if (key?.isNew === true && key.file !== null) rmSync(key.file, { force: true });
    directory?.close();
    await remove(temporary);
    throw error;
  }
}

function findKey(given: Credentials | undefined, dataDir: string, isTemporary: boolean): RootKey {
  if (given !== undefined) return { credentials: given, file: null, isNew: false };
  if (isTemporary) return { credentials: makeCredentials(), file: null, isNew: false };
  return rootKeyOf(dataDir);
}

function describe(
  running: RunningServer,
  start: { checked: CheckedOptions; dataDir: string; temporary: string | undefined; key: RootKey },
): CisternServer {
  const { checked, dataDir, temporary, key } = start;
  const close = async (): Promise<void> => {
    await running.close();
    await remove(temporary);
  };
  return {
    endpoint: `${checked.tls === null ? 'http' : 'https'}://${reachable(checked.host)}:${running.port}`,
    credentials: key.credentials,
    region: checked.region,
    dataDir,
    port: running.port,
    threads: running.threads,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The addresses that mean "all of this machine" can be listened on; clients need one of them. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return isIPv6(host) ? `[${host}]` : host;
}

async function remove(temporary: string | undefined): Promise<void> {
  if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
}
