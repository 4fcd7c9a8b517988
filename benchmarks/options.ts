/**
 * @module The command line of the benchmark.
 */

import { parseArgs } from 'node:util';
import type { Group } from './rows/row.ts';
import { parseSize } from './units.ts';

export interface Options {
  /** the server to measure; undefined: start our own */
  endpoint?: { url: URL; name: string; accessKeyId: string; secretAccessKey: string; region: string };
  pid?: number;
  dataDirectory?: string;
  /** where our own server's data directory is made */
  directory?: string;
  serverArguments: readonly string[];
  only: ReadonlySet<Group>;
  /** bytes */
  sizes: readonly number[];
  connections: readonly number[];
  streams: readonly number[];
  listKeys: readonly number[];
  /** of one row of small objects */
  durationSeconds: number;
  /** what one row of large objects moves at most; rows that need more are left out */
  volumeBytes: number;
  uploads: { count: number; bytes: number };
  /** of the upload that is completed */
  parts: number;
  /** of the object that is copied, bytes */
  copyBytes: number;
  /** of the key whose versions are listed */
  versions: number;
  /** connections at which the client is measured alone; empty: never */
  aloneConnections: readonly number[] | 'all';
  keep: boolean;
  jsonPath?: string;
  comparePath?: string;
}

const GROUPS: readonly Group[] = ['put', 'get', 'head', 'delete', 'uploads', 'life', 'list'];

// S3's limits of an upload, and of what one request copies.
const PARTS_MAX = 10_000;
const COPY_BYTES_MAX = 5 * 2 ** 30;

export const HELP = `npm run bench -- [options] [-- arguments of cistern serve]

Measures an S3 server: requests a second, latency, throughput, CPU and memory. Prints a table, writes JSON.
Without --endpoint it starts this repository's server on a free port and a directory of its own.

The server
  --endpoint URL         measure this server instead
  --access-key ID        its access key      (or AWS_ACCESS_KEY_ID)
  --secret-key SECRET    its secret key      (or AWS_SECRET_ACCESS_KEY)
  --region NAME          default us-east-1
  --name NAME            what the results call it; default: host and port
  --pid PID              its process on this machine, for CPU and memory
  --data DIR             its data directory on this machine, to name the file system
  --dir DIR              where our own server's data directory is made; default: the system's temporary directory

What to measure
  --quick                under three minutes: 1 s a row, 1 GiB a row of large objects, 100,000 keys at most,
                         10,000 versions
  --only LIST            of ${GROUPS.join(',')}
  --sizes LIST           of objects; default 4KiB,64KiB,64MiB,1GiB; above 1 MiB curl streams them
  --connections LIST     for objects up to 1 MiB; default 1,16,64
  --streams LIST         for larger objects; default 1,4
  --list-keys LIST       keys in a bucket to list; default 1000,10000,1000000
  --duration SECONDS     of a row of small objects; default 5
  --volume SIZE          what a row of large objects moves at most; one that needs more is left out; default 4GiB
  --uploads COUNTxSIZE   uploads at once; default 100x16MiB
  --parts COUNT          of the upload that is completed; default 10000
  --copy SIZE            of the object that is copied; default 5GiB
  --versions COUNT       of the key whose versions are listed; default 100000
  --no-alone             do not measure the client alone

Copies of a server that shares bytes move nothing; of another (--endpoint) they are left out where --volume is too small.

Results
  --json FILE            default .bench/<date>-<name>.json
  --compare FILE         print ratios to an earlier result
  --keep                 leave buckets (cistern-bench-*) on the endpoint; a next run lists them without filling

The client is wrk where it is installed, curl for large objects, and raw sockets in Node for the rest.
Exit code: 0, or 1 when a row failed or had errors. A missed aim is no failure.
`;

/** Throws with a message for the user when an option makes no sense; undefined when help was asked for. */
export function parseOptions(argv: readonly string[], env: NodeJS.ProcessEnv): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      endpoint: { type: 'string' },
      'access-key': { type: 'string' },
      'secret-key': { type: 'string' },
      region: { type: 'string' },
      name: { type: 'string' },
      pid: { type: 'string' },
      data: { type: 'string' },
      dir: { type: 'string' },
      quick: { type: 'boolean' },
      only: { type: 'string' },
      sizes: { type: 'string' },
      connections: { type: 'string' },
      streams: { type: 'string' },
      'list-keys': { type: 'string' },
      duration: { type: 'string' },
      volume: { type: 'string' },
      uploads: { type: 'string' },
      parts: { type: 'string' },
      copy: { type: 'string' },
      versions: { type: 'string' },
      'no-alone': { type: 'boolean' },
      json: { type: 'string' },
      compare: { type: 'string' },
      keep: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const quick = values.quick ?? false;
  const options: Options = {
    serverArguments: positionals,
    only: new Set(parseGroups(values.only)),
    sizes: (values.sizes ?? '4KiB,64KiB,64MiB,1GiB').split(',').map(parseSize),
    connections: counts('--connections', values.connections ?? '1,16,64'),
    streams: counts('--streams', values.streams ?? '1,4'),
    listKeys: counts(
      '--list-keys',
      values['list-keys'] ?? (quick ? '1000,10000,100000' : '1000,10000,1000000'),
    ),
    durationSeconds: count('--duration', values.duration ?? (quick ? '1' : '5')),
    volumeBytes: parseSize(values.volume ?? (quick ? '1GiB' : '4GiB')),
    uploads: parseUploads(values.uploads ?? '100x16MiB'),
    parts: atMost('--parts', PARTS_MAX, count('--parts', values.parts ?? '10000')),
    copyBytes: atMost('--copy', COPY_BYTES_MAX, parseSize(values.copy ?? '5GiB')),
    versions: count('--versions', values.versions ?? (quick ? '10000' : '100000')),
    aloneConnections: values['no-alone'] ? [] : quick ? [16] : 'all',
    keep: values.keep ?? false,
  };
  if (values.pid !== undefined) options.pid = count('--pid', values.pid);
  if (values.data !== undefined) options.dataDirectory = values.data;
  if (values.dir !== undefined) options.directory = values.dir;
  if (values.json !== undefined) options.jsonPath = values.json;
  if (values.compare !== undefined) options.comparePath = values.compare;
  if (values.endpoint !== undefined) {
    const url = new URL(values.endpoint);
    const accessKeyId = values['access-key'] ?? env['AWS_ACCESS_KEY_ID'];
    const secretAccessKey = values['secret-key'] ?? env['AWS_SECRET_ACCESS_KEY'];
    if (!accessKeyId || !secretAccessKey) throw new Error('--endpoint needs --access-key and --secret-key');
    options.endpoint = {
      url,
      name: values.name ?? url.host,
      accessKeyId,
      secretAccessKey,
      region: values.region ?? 'us-east-1',
    };
  }
  return options;
}

function parseGroups(text: string | undefined): readonly Group[] {
  if (text === undefined) return GROUPS;
  return text.split(',').map((word) => {
    const group = GROUPS.find((candidate) => candidate === word.trim());
    if (group === undefined) throw new Error(`--only knows ${GROUPS.join(', ')}; not ${word}`);
    return group;
  });
}

function counts(option: string, text: string): number[] {
  return text.split(',').map((word) => count(option, word));
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${option} takes whole numbers from 1; not ${text}`);
  return value;
}

function atMost(option: string, limit: number, value: number): number {
  if (value > limit) throw new Error(`${option} takes at most ${limit}; not ${value}`);
  return value;
}

function parseUploads(text: string): Options['uploads'] {
  const [uploads, size] = text.split('x');
  if (uploads === undefined || size === undefined) throw new Error(`--uploads takes COUNTxSIZE; not ${text}`);
  return { count: count('--uploads', uploads), bytes: parseSize(size) };
}
