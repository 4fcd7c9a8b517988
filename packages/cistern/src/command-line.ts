/** The commands and flags of `cistern`, and what help says of them. What they do is elsewhere. */

import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { SECRET_VARIABLES } from './environment.ts';
import type { FsckFlags } from './fsck.ts';
import type { ServeFlags } from './settings.ts';

/** What a command is told beside the values of its flags. */
export interface Source {
  /** The flag, or the environment variable, from which the value of a flag came: for messages. */
  readonly nameOf: (flag: string) => string;
  /** Every environment variable that means something. */
  readonly variables: readonly string[];
}

export interface Commands {
  readonly serve: (flags: ServeFlags, source: Source) => Promise<void>;
  readonly fsck: (flags: FsckFlags) => Promise<void>;
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Mistakes are thrown as a CommanderError, after its message was written. */
export function createProgram(commands: Commands): Command {
  const program = new Command('cistern')
    .description(
      'An S3-compatible object store that starts with one command and never loses an acknowledged write.',
    )
    .version(version)
    .showHelpAfterError('(cistern --help and cistern serve --help say more)')
    .exitOverride();
  const serve = program.command('serve').description('Serve S3 from a data directory.');
  for (const option of SERVE_OPTIONS) serve.addOption(option());
  serve
    .addHelpText('after', () => readFileSync(new URL('./serve-help.txt', import.meta.url), 'utf8'))
    .action((flags: ServeFlags, command: Command) => commands.serve(flags, sourceOf(command)));
  const fsck = program.command('fsck').description('Check a data directory, and change nothing.');
  for (const option of FSCK_OPTIONS) fsck.addOption(option());
  fsck
    .addHelpText('after', () => readFileSync(new URL('./fsck-help.txt', import.meta.url), 'utf8'))
    .action((flags: FsckFlags) => commands.fsck(flags));
  return program;
}

function sourceOf(command: Command): Source {
  const nameOf = (flag: string): string => {
    const option = command.options.find((one) => one.attributeName() === flag);
    const fromEnvironment = command.getOptionValueSource(flag) === 'env';
    return (fromEnvironment ? option?.envVar : option?.long) ?? flag;
  };
  const variables = command.options.flatMap(({ envVar }) => (envVar === undefined ? [] : [envVar]));
  return { nameOf, variables: [...variables, ...SECRET_VARIABLES] };
}

const flag = (name: string, description: string, variable: string): Option =>
  new Option(name, description).env(`CISTERN_${variable}`);

/** A flag that may be repeated, and takes several values separated by commas, or by `separator`. */
const list = (name: string, description: string, variable: string, separator = ','): Option =>
  flag(name, description, variable).argParser((value: string, earlier: string[]) => [
    ...earlier,
    ...value
      .split(separator)
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  ]);

const dataDirectory = (description: string): Option =>
  flag('--data <dir>', description, 'DATA').default('./data');

const region = (): Option =>
  flag('--region <name>', 'region that signatures name', 'REGION').default('us-east-1');

const blobs = (): Option =>
  flag(
    '--blobs <url>',
    'keep what objects above 64 KiB consist of in another store (default: in the data directory); see below',
    'BLOBS',
  );

const storageClass = (): Option =>
  list(
    '--storage-class <class=dir,zstd>',
    "a class's own directory, compression, or both: repeat, or separate by semicolons; see below",
    'STORAGE_CLASS',
    ';',
  ).default([], 'none');

const FSCK_OPTIONS: readonly (() => Option)[] = [
  () => dataDirectory('data directory'),
  () => new Option('--endpoint <url>', 'ask the server at this address to check itself, beside its load'),
  region,
  blobs,
  storageClass,
  () => new Option('--quick', 'look at sizes, and leave out the bytes of objects'),
  () => new Option('--json', 'print one JSON document, and no problem as it is found'),
];

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
  region,
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
  blobs,
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
      '--live-part-size <size>',
      'how much of a live upload is committed, and can be read, at a time: 64KiB to 1GiB',
      'LIVE_PART_SIZE',
    ).default('8MiB'),
];
