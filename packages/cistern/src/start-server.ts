/**
 * The server inside a program: real, not a mock, on a free port and in a temporary directory unless told otherwise.
 *
 * @example
 * import { startServer } from 'cistern';
 * const server = await startServer();
 * // any S3 client: endpoint server.endpoint, credentials server.credentials, path style
 * await server.close();
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isIPv6 } from 'node:net';
import { LIMITS, runServer, THROUGHPUT_RULE } from '@cistern/server';
import type { LogLevel, ServerConfig, ThroughputRule, User } from '@cistern/server';
import { isValidBucketName } from '@cistern/protocol';
import { makeCredentials, rootKeyOf } from './credentials.ts';
import type { Credentials } from './credentials.ts';
import { checkDistinct, checkUser, ROOT_NAME } from './users.ts';

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
  /** A thread has died of a fault; default: the error is thrown, and ends the process unless it is handled there. */
  readonly onCrash?: (error: Error) => void;
}

export interface CisternServer {
  /** `http://127.0.0.1:41234`, without a trailing slash. */
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

const FEED_RETENTION_MS = 7 * 24 * 3600 * 1000;

/**
 * Starts a server in this process, in threads of its own.
 *
 * Rejects when the data directory is used by another process or was written by a newer version, when the port is
 * taken, and when an option is not valid; nothing is left running then.
 */
export async function startServer(options: StartServerOptions = {}): Promise<CisternServer> {
  const temporary = options.dataDir === undefined ? await mkdtemp(join(tmpdir(), 'cistern-')) : undefined;
  const dataDir = resolve(temporary ?? options.dataDir ?? '.');
  const credentials =
    options.credentials ?? (temporary === undefined ? rootKeyOf(dataDir).credentials : makeCredentials());
  const remove = async (): Promise<void> => {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  };
  try {
    const config = toConfig(options, dataDir, credentials);
    const server = await runServer(config, {
      onLog: options.onLog ?? ((lines) => process.stderr.write(lines)),
      onCrash:
        options.onCrash ??
        ((error) => {
          throw error;
        }),
    });
    const close = async (): Promise<void> => {
      await server.close();
      await remove();
    };
    const scheme = config.tls === null ? 'http' : 'https';
    const host = isIPv6(config.host) ? `[${config.host}]` : config.host;
    return {
      endpoint: `${scheme}://${host}:${server.port}`,
      credentials,
      region: config.region,
      dataDir,
      port: server.port,
      threads: server.threads,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function toConfig(options: StartServerOptions, dataDir: string, credentials: Credentials): ServerConfig {
  const users: User[] = [
    checkUser({ ...credentials, name: ROOT_NAME, root: true }, 'root'),
    ...(options.users ?? []).map((user) => checkUser({ ...user, root: false }, `user ${user.name}`)),
  ];
  checkDistinct(users);
  for (const name of options.buckets ?? []) {
    if (!isValidBucketName(name)) {
      throw new Error(
        `${JSON.stringify(name)} is not a valid bucket name: 3 to 63 lower-case letters, digits, dots, hyphens.`,
      );
    }
  }
  const threads = options.threads ?? 1;
  if (!Number.isInteger(threads) || threads < 1 || threads > 256)
    throw new Error('threads must be from 1 to 256.');
  return {
    dataDir,
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    threads,
    domains: options.domains ?? [],
    region: options.region ?? 'us-east-1',
    tls: options.tls ?? null,
    users,
    buckets: options.buckets ?? [],
    logLevel: options.logLevel ?? 'silent',
    throughput: options.throughput ?? THROUGHPUT_RULE,
    drainMs: options.drainMs ?? LIMITS.drainMs,
    feedRetentionMs: options.feedRetentionMs ?? FEED_RETENTION_MS,
  };
}
