/**
 * The settings of `cistern serve`: each a flag and an environment variable, the flag first. Wrong ones are refused with
 * a message that says what is right.
 */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { LogLevel } from '@cistern/server';
import type { Credentials } from './credentials.ts';
import type { StartServerOptions } from './start-server.ts';
import { parseUsers } from './users.ts';

/** A message for the user, shown without a stack. */
export class SettingsError extends Error {}

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
  readonly buckets?: string;
  readonly logLevel: string;
  readonly minThroughput: string;
}

const LOG_LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];
const THROUGHPUT_WINDOW_MS = 20_000;

/** @throws SettingsError */
export function readSettings(flags: ServeFlags, environment: NodeJS.ProcessEnv): StartServerOptions {
  const tls = readTls(flags);
  const credentials = readRootKey(environment);
  const level = LOG_LEVELS.find((one) => one === flags.logLevel);
  if (level === undefined) throw new SettingsError(`--log-level is one of ${LOG_LEVELS.join(', ')}.`);
  return {
    dataDir: flags.data,
    host: flags.host,
    port: integer('--port', flags.port, 0, 65_535),
    threads:
      flags.threads === undefined ? availableParallelism() : integer('--threads', flags.threads, 1, 256),
    domains: flags.domain,
    region: flags.region,
    ...(tls !== undefined && { tls }),
    ...(credentials !== undefined && { credentials }),
    users: readUsers(flags, environment),
    buckets: splitList(flags.buckets),
    logLevel: level,
    throughput: {
      bytesPerSecondMin: integer('--min-throughput', flags.minThroughput, 0, 2 ** 30),
      windowMs: THROUGHPUT_WINDOW_MS,
    },
  };
}

function integer(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new SettingsError(`${flag} is a whole number from ${least} to ${most}, not ${JSON.stringify(text)}.`);
}

function splitList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function readTls({ tlsCert, tlsKey }: ServeFlags): { cert: string; key: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new SettingsError('TLS needs both --tls-cert and --tls-key, each a PEM file.');
  }
  return { cert: readText('--tls-cert', tlsCert), key: readText('--tls-key', tlsKey) };
}

function readText(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new SettingsError(`${flag}: ${(error as Error).message}`);
  }
}

function readRootKey(environment: NodeJS.ProcessEnv): Credentials | undefined {
  const accessKeyId = environment['CISTERN_ACCESS_KEY_ID'];
  const secretAccessKey = environment['CISTERN_SECRET_ACCESS_KEY'];
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new SettingsError('Set both CISTERN_ACCESS_KEY_ID and CISTERN_SECRET_ACCESS_KEY, or neither.');
  }
  return { accessKeyId, secretAccessKey };
}

function readUsers(flags: ServeFlags, environment: NodeJS.ProcessEnv): ReturnType<typeof parseUsers> {
  const inline = environment['CISTERN_USERS'];
  return [
    ...(flags.users === undefined ? [] : parseUsers(readText('--users', flags.users), flags.users)),
    ...(inline === undefined ? [] : parseUsers(inline, 'CISTERN_USERS')),
  ];
}
