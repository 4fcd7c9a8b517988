/** `cistern serve` as a command: its flags, and what help says of them. What it does is in serve.ts. */

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { Option } from 'commander';
import type { Cli } from '../command/cli.ts';
import {
  dataDirectory,
  flag,
  list,
  serverBlobs,
  serverRegion,
  storageClass,
} from '../command/server-options.ts';
import { SECRET_VARIABLES, unknownVariables } from './environment.ts';
import type { ServeFlags } from './settings.ts';

/** What the command is told beside the values of its flags. */
export interface Source {
  /** The flag, or the environment variable, from which the value of a flag came: for messages. */
  readonly nameOf: (flag: string) => string;
  /** Every environment variable that means something. */
  readonly variables: readonly string[];
}

export function command(cli: Cli): Command {
  return serveCommand(async (flags, { nameOf, variables }) => {
    for (const name of unknownVariables(cli.env, variables)) {
      cli.warn(`${name} is not a setting and does nothing; cistern serve --help names them all.`);
    }
    const [{ serve }, { explainFailure }] = await Promise.all([
      import('./serve.ts'),
      import('./explain-failure.ts'),
    ]);
    try {
      await serve(flags, cli.env);
    } catch (error) {
      const failure = explainFailure(error, { nameOf, address: `${flags.host}:${flags.port}` });
      cli.warn(failure.message);
      cli.exitCode = failure.exitCode;
    }
  });
}

/** Mistakes are thrown as a CommanderError, after its message was written. */
export function serveCommand(action: (flags: ServeFlags, source: Source) => Promise<void>): Command {
  const serve = new Command('serve').description('Serve S3 from a data directory.');
  for (const option of SERVE_OPTIONS) serve.addOption(option());
  return serve
    .addHelpText('after', () => readFileSync(new URL('./serve-help.txt', import.meta.url), 'utf8'))
    .action((flags: ServeFlags, self: Command) => action(flags, sourceOf(self)));
}

function sourceOf(serve: Command): Source {
  const nameOf = (name: string): string => {
    const option = serve.options.find((one) => one.attributeName() === name);
    const fromEnvironment = serve.getOptionValueSource(name) === 'env';
    return (fromEnvironment ? option?.envVar : option?.long) ?? name;
  };
  const variables = serve.options.flatMap(({ envVar }) => (envVar === undefined ? [] : [envVar]));
  return { nameOf, variables: [...variables, ...SECRET_VARIABLES] };
}

/** Made anew for each program: an Option remembers what was parsed. */
const SERVE_OPTIONS: readonly (() => Option)[] = [
  () => dataDirectory('data directory, made when missing'),
  () => flag('--host <address>', 'address to listen on; 0.0.0.0 for all', 'HOST').default('127.0.0.1'),
  () => flag('--port <number>', 'port to listen on; 0 picks a free one', 'PORT').default('9000'),
  () => flag('--threads <number>', 'HTTP threads (default: one a core)', 'THREADS'),
  () =>
    list(
      '--buckets <names>',
      'buckets to create when missing: repeat, or separate by commas',
      'BUCKETS',
    ).default([], 'none'),
  () =>
    list('--domain <names>', 'also serve <bucket>.<name>: repeat, or separate by commas', 'DOMAIN').default(
      [],
      'path style only',
    ),
  serverRegion,
  () => flag('--tls-cert <file>', 'certificate chain, PEM; with --tls-key serves https', 'TLS_CERT'),
  () => flag('--tls-key <file>', 'private key, PEM, without a passphrase', 'TLS_KEY'),
  () => flag('--users <file>', 'further users: a JSON list, see below', 'USERS_FILE'),
  () =>
    flag('--log-level <level>', 'silent, error, warn, info (a line a request) or debug', 'LOG_LEVEL').default(
      'info',
    ),
  () =>
    flag(
      '--min-throughput <bytes>',
      'least bytes a second that a body must move, over 20 s; 0: no such limit',
      'MIN_THROUGHPUT',
    ).default('1024'),
  serverBlobs,
  () =>
    flag(
      '--blob-cache <size>',
      'with --blobs: how much of what is read is kept nearby; 0KiB: nothing',
      'BLOB_CACHE',
    ).default('256MiB'),
  () => flag('--blob-cache-dir <dir>', 'with --blobs: keep it there (default: in memory)', 'BLOB_CACHE_DIR'),
  storageClass,
  () =>
    flag(
      '--upload-retention <time>',
      'age at which multipart uploads to which nothing comes are aborted: 12h, 7d',
      'UPLOAD_RETENTION',
    ).default('7d'),
  () =>
    flag(
      '--reaper-idle <ms>',
      'rest between two looks for blobs to delete: more spares the disk, less gives room back sooner',
      'REAPER_IDLE',
    ).default('250'),
  () =>
    flag(
      '--scrub-rate <size>',
      'how much of what is stored is read a second, in the background, to find what the disk has changed; 0: nothing',
      'SCRUB_RATE',
    ).default('8MiB'),
  () =>
    flag('--scrub-interval <time>', 'how often all of it is read, at that rate', 'SCRUB_INTERVAL').default(
      '30d',
    ),
  () =>
    flag(
      '--live-part-size <size>',
      'how much of a live upload is committed, and can be read, at a time: 64KiB to 1GiB',
      'LIVE_PART_SIZE',
    ).default('8MiB'),
];
