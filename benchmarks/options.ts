/**
 * @module The command line of the benchmark.
 */

import { parseArgs } from 'node:util';
import { type Group, GROUPS, parseGroups } from './rows/row.ts';
import { type Peer, parsePeer } from './side-by-side/peer.ts';
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
  /** servers that take turns with ours */
  peers: readonly Peer[];
  /** objects in the buckets that are compared; empty: no such comparison */
  growth: readonly number[];
  /** how often each row is measured on each server, side by side */
  rounds: number;
}

/** What is not said on the command line, in its words. */
const ALONE = { sizes: '4KiB,64KiB,64MiB,1GiB', connections: '1,16,64', only: GROUPS.join(',') };
const BESIDE = { connections: '64', 'list-keys': '10000', only: 'put,get,head,delete,uploads,list' };
const DEFAULTS = {
  alone: { ...ALONE, 'list-keys': '1000,10000,1000000', duration: '5', volume: '4GiB', rounds: '1' },
  aloneQuick: { ...ALONE, 'list-keys': '1000,10000,100000', duration: '1', volume: '1GiB', rounds: '1' },
  beside: { ...BESIDE, sizes: '4KiB,64MiB,1GiB', duration: '2', volume: '4GiB', rounds: '3' },
  besideQuick: { ...BESIDE, sizes: '4KiB,64MiB', duration: '1', volume: '512MiB', rounds: '1' },
};

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

Side by side
  --peer SETTINGS        name=URL,ACCESS KEY,SECRET KEY and, after further commas, any of: pid=PID, data=DIR,
                         start=COMMAND (runs the server in the foreground; it is started and ended here),
                         syncs=yes (writes are on the disk before they are answered), durability=TEXT, region=NAME,
                         only=LIST (as --only; for a peer too slow for the rest).
                         Repeatable: ours and all peers take turns on each row, and ratios of medians are printed
  --growth LIST          the same rows on servers of ours whose buckets have so many objects, say 1000,100000,5000000
  --rounds COUNT         turns of each server on each row; default 3
                         Other defaults side by side: 64 connections, 10,000 keys, 2 s a row, no copies nor versions;
                         --quick: one round of 1 s, objects up to 64 MiB

Copies of a server that shares bytes move nothing; of another (--endpoint) they are left out where --volume is too small.

Results
  --json FILE            default .bench/<date>-<name>.json
  --compare FILE         print ratios to an earlier result
  --keep                 leave buckets (cistern-bench-*) on the endpoint; a next run lists them without filling

The client is wrk where it is installed, curl for large objects, and raw sockets in Node for the rest.
Exit code: 0, or 1 when a row failed or had errors. A missed aim is no failure.
`;

const ARGUMENTS = {
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
  peer: { type: 'string', multiple: true },
  growth: { type: 'string' },
  rounds: { type: 'string' },
  json: { type: 'string' },
  compare: { type: 'string' },
  keep: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], allowPositionals: true, options: ARGUMENTS });
}

type Values = ReturnType<typeof parse>['values'];

/** Throws with a message for the user when an option makes no sense; undefined when help was asked for. */
export function parseOptions(argv: readonly string[], env: NodeJS.ProcessEnv): Options | undefined {
  const { values, positionals } = parse(argv);
  if (values.help) return undefined;
  const quick = values.quick ?? false;
  const beside = values.peer !== undefined || values.growth !== undefined;
  const defaults = DEFAULTS[beside ? (quick ? 'besideQuick' : 'beside') : quick ? 'aloneQuick' : 'alone'];
  const options: Options = {
    serverArguments: positionals,
    only: new Set(parseGroups(values.only ?? defaults.only)),
    sizes: (values.sizes ?? defaults.sizes).split(',').map(parseSize),
    connections: counts('--connections', values.connections ?? defaults.connections),
    streams: counts('--streams', values.streams ?? '1,4'),
    listKeys: counts('--list-keys', values['list-keys'] ?? defaults['list-keys']),
    durationSeconds: count('--duration', values.duration ?? defaults.duration),
    volumeBytes: parseSize(values.volume ?? defaults.volume),
    uploads: parseUploads(values.uploads ?? '100x16MiB'),
    parts: atMost('--parts', PARTS_MAX, count('--parts', values.parts ?? '10000')),
    copyBytes: atMost('--copy', COPY_BYTES_MAX, parseSize(values.copy ?? '5GiB')),
    versions: count('--versions', values.versions ?? (quick ? '10000' : '100000')),
    aloneConnections: values['no-alone'] || beside ? [] : quick ? [16] : 'all',
    keep: values.keep ?? false,
    peers: (values.peer ?? []).map(parsePeer),
    growth: values.growth === undefined ? [] : counts('--growth', values.growth),
    rounds: count('--rounds', values.rounds ?? defaults.rounds),
  };
  if (values.pid !== undefined) options.pid = count('--pid', values.pid);
  if (values.data !== undefined) options.dataDirectory = values.data;
  if (values.dir !== undefined) options.directory = values.dir;
  if (values.json !== undefined) options.jsonPath = values.json;
  if (values.compare !== undefined) options.comparePath = values.compare;
  const endpoint = parseEndpoint(values, env);
  if (endpoint !== undefined) options.endpoint = endpoint;
  refuseMixtures(options, values);
  return options;
}

function parseEndpoint(values: Values, env: NodeJS.ProcessEnv): Options['endpoint'] {
  if (values.endpoint === undefined) return undefined;
  const url = new URL(values.endpoint);
  const accessKeyId = values['access-key'] ?? env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = values['secret-key'] ?? env['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId || !secretAccessKey) throw new Error('--endpoint needs --access-key and --secret-key');
  const name = values.name ?? url.host;
  return { url, name, accessKeyId, secretAccessKey, region: values.region ?? 'us-east-1' };
}

function refuseMixtures(options: Options, values: Values): void {
  const modes = [options.endpoint && '--endpoint', values.peer && '--peer', values.growth && '--growth'];
  const said = modes.filter(Boolean);
  if (said.length > 1) throw new Error(`${said.join(' and ')} are different runs: say one of them`);
  const beside = values.peer !== undefined || values.growth !== undefined;
  if (beside && options.only.has('life')) throw new Error('the rows of `life` are not measured side by side');
  if (beside && values.compare !== undefined) throw new Error('--compare is for a run of one server');
  if (!beside && values.rounds !== undefined) throw new Error('--rounds is for --peer and --growth');
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
