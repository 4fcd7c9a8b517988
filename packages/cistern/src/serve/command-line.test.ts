/** @module Every setting as a flag and as a variable, which of the two wins, and what a wrong one is answered with. */

import assert from 'node:assert/strict';
import { afterEach, suite, test } from 'node:test';
import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { checkOptions } from './check-options.ts';
import { serveCommand } from './command.ts';
import type { Source } from './command.ts';
import { explainFailure } from './explain-failure.ts';
import { readSettings } from './settings.ts';
import type { ServeFlags } from './settings.ts';
import type { StartServerOptions } from './start-server.ts';

interface Parsed {
  readonly flags: ServeFlags;
  readonly source: Source;
}

// Whoever runs the tests may have settings of their own.
for (const name of Object.keys(process.env)) if (name.startsWith('CISTERN_')) delete process.env[name];
const kept = { ...process.env };
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name];
});

const NOTHING = (): Promise<void> => Promise.resolve();

async function parse(args: readonly string[], environment: Record<string, string> = {}): Promise<Parsed> {
  Object.assign(process.env, environment);
  let parsed: Parsed | undefined;
  const serve = serveCommand((flags, source) => {
    parsed = { flags, source };
    return Promise.resolve();
  });
  await serve.exitOverride().parseAsync(args, { from: 'user' });
  assert.ok(parsed);
  return parsed;
}

async function settings(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<StartServerOptions> {
  return readSettings((await parse(args, environment)).flags, environment);
}

/** What the user reads of a wrong setting. */
async function complaint(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ message: string; exitCode: number }> {
  const { flags, source } = await parse(args, environment);
  try {
    await checkOptions(readSettings(flags, environment));
  } catch (error) {
    return explainFailure(error, { nameOf: source.nameOf, address: `${flags.host}:${flags.port}` });
  }
  throw new assert.AssertionError({ message: `${args.join(' ')} is accepted` });
}

function silenced(): Command {
  const writes = { writeErr: () => undefined, writeOut: () => undefined };
  return serveCommand(NOTHING).exitOverride().configureOutput(writes);
}

/** A flag, its variable, a text for each, and what the texts become. */
const SETTINGS: readonly {
  flag: string;
  variable: string;
  texts: readonly [string, string];
  read: (options: StartServerOptions) => unknown;
  values: readonly [unknown, unknown];
}[] = [
  row('--data', 'CISTERN_DATA', ['one', 'two'], (o) => o.dataDir, ['one', 'two']),
  row('--host', 'CISTERN_HOST', ['::1', '0.0.0.0'], (o) => o.host, ['::1', '0.0.0.0']),
  row('--port', 'CISTERN_PORT', ['0', '65535'], (o) => o.port, [0, 65_535]),
  row('--threads', 'CISTERN_THREADS', ['1', '256'], (o) => o.threads, [1, 256]),
  row('--domain', 'CISTERN_DOMAIN', ['a.example', ' b.example , c.example'], (o) => o.domains, [
    ['a.example'],
    ['b.example', 'c.example'],
  ]),
  row('--region', 'CISTERN_REGION', ['eu-west-1', 'here'], (o) => o.region, ['eu-west-1', 'here']),
  row('--buckets', 'CISTERN_BUCKETS', ['photos', 'logs,,photos'], (o) => o.buckets, [
    ['photos'],
    ['logs', 'photos'],
  ]),
  row('--log-level', 'CISTERN_LOG_LEVEL', ['silent', 'debug'], (o) => o.logLevel, ['silent', 'debug']),
  row(
    '--min-throughput',
    'CISTERN_MIN_THROUGHPUT',
    ['0', '2048'],
    (o) => o.throughput?.bytesPerSecondMin,
    [0, 2048],
  ),
  row(
    '--storage-class',
    'CISTERN_STORAGE_CLASS',
    ['GLACIER=/cold,zstd', 'GLACIER=/my cold; DEEP_ARCHIVE=,zstd'],
    (o) => o.storageClasses,
    [
      { GLACIER: { directory: '/cold', compression: 'zstd' } },
      { GLACIER: { directory: '/my cold' }, DEEP_ARCHIVE: { compression: 'zstd' } },
    ],
  ),
  row('--reaper-idle', 'CISTERN_REAPER_IDLE', ['1', '60000'], (o) => o.reaperIdleMs, [1, 60_000]),
  row(
    '--upload-retention',
    'CISTERN_UPLOAD_RETENTION',
    ['12h', '90s'],
    (o) => o.uploadRetentionMs,
    [43_200_000, 90_000],
  ),
  row(
    '--live-part-size',
    'CISTERN_LIVE_PART_SIZE',
    ['64KiB', '1GiB'],
    (o) => o.livePartBytes,
    [65_536, 1_073_741_824],
  ),
];

function row(
  flag: string,
  variable: string,
  texts: readonly [string, string],
  read: (options: StartServerOptions) => unknown,
  values: readonly [unknown, unknown],
): (typeof SETTINGS)[number] {
  return { flag, variable, texts, read, values };
}

suite('settings', () => {
  for (const { flag, variable, texts, read, values } of SETTINGS) {
    test(`${flag} is also ${variable}, and the flag wins`, async () => {
      assert.deepEqual(read(await settings([flag, texts[0]])), values[0]);
      assert.deepEqual(read(await settings([], { [variable]: texts[1] })), values[1]);
      assert.deepEqual(read(await settings([flag, texts[0]], { [variable]: texts[1] })), values[0]);
    });
  }

  test('every flag has a variable, and every variable is known', async () => {
    const serve = serveCommand(NOTHING);
    const expected = serve.options.map(({ long }) =>
      long === '--users'
        ? 'CISTERN_USERS_FILE'
        : `CISTERN_${(long ?? '').slice(2).replaceAll('-', '_').toUpperCase()}`,
    );
    assert.deepEqual(
      serve.options.map(({ envVar }) => envVar),
      expected,
    );
    const { source } = await parse([]);
    assert.deepEqual(
      [...source.variables].sort(),
      [...expected, 'CISTERN_ACCESS_KEY_ID', 'CISTERN_SECRET_ACCESS_KEY', 'CISTERN_USERS'].sort(),
    );
  });

  test('nothing has to be set', async () => {
    const options = await settings([]);
    assert.equal(options.dataDir, './data');
    assert.equal(options.host, '127.0.0.1');
    assert.equal(options.port, 9000);
    assert.ok((options.threads ?? 0) >= 1);
    assert.deepEqual([options.buckets, options.domains, options.users], [[], [], []]);
    assert.equal(options.tls, undefined);
    assert.equal(options.credentials, undefined);
    await checkOptions(options);
  });

  test('a list may be repeated', async () => {
    assert.deepEqual((await settings(['--buckets', 'one', '--buckets', 'two,three'])).buckets, [
      'one',
      'two',
      'three',
    ]);
  });

  test('a wrong value is answered by the name it was given under, and what is right', async () => {
    const cases: readonly [string, string, RegExp][] = [
      ['--port', '70000', /whole number from 0 to 65535, not 70000/],
      ['--port', '-1', /whole number from 0 to 65535, not "-1"/],
      ['--port', '9e3', /whole number from 0 to 65535, not "9e3"/],
      ['--port', '', /whole number from 0 to 65535, not ""/],
      ['--port', 'tcp://10.0.0.1:9000', /Kubernetes.*enableServiceLinks: false/],
      ['--threads', '0', /whole number from 1 to 256, not 0/],
      ['--threads', 'many', /whole number from 1 to 256, not "many"/],
      ['--min-throughput', '1.5', /whole number from 0 to 1073741824, not "1\.5"/],
      ['--reaper-idle', '0', /from 1 to 3600000/],
      ['--upload-retention', '7', /a unit \(s, m, h or d\), such as 12h or 7d, not "7"/],
      ['--upload-retention', '1.5h', /not "1\.5h"/],
      ['--upload-retention', '0s', /from 1/],
      ['--live-part-size', '8MB', /a unit \(KiB, MiB or GiB\), such as 8MiB, not "8MB"/],
      ['--live-part-size', '1KiB', /from 65536/],
      ['--log-level', 'loud', /one of silent, error, warn, info, debug, not "loud"/],
      ['--region', 'us east', /such as us-east-1.*not "us east"/],
      ['--domain', 'https://s3.example.com/', /not a host name such as s3\.example\.com/],
      ['--buckets', 'photos,My_Bucket', /"My_Bucket" is not a valid bucket name: 3 to 63/],
      ['--storage-class', 'GLACIER', /no class with its directory.*CLASS=DIRECTORY,zstd/],
      ['--storage-class', 'COLD=/cold', /no storage class "COLD".*GLACIER/],
      ['--storage-class', 'GLACIER=/cold,gzip', /follows the comma.*must be zstd/],
      ['--storage-class', 'GLACIER=zstd', /GLACIER=,zstd.*GLACIER=\.\/zstd/],
      ['--storage-class', 'GLACIER=', /neither a directory nor compression/],
      ['--storage-class', 'GLACIER=/a;GLACIER=/b', /GLACIER is given twice/],
      ['--data', '', /must not be empty/],
      ['--host', '', /must not be empty/],
    ];
    for (const [flag, text, expected] of cases) {
      const byFlag = await complaint([flag, text]);
      assert.equal(byFlag.exitCode, 2, flag);
      assert.ok(byFlag.message.startsWith(`${flag}: `), byFlag.message);
      assert.match(byFlag.message, expected);
      const variable = `CISTERN_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`;
      const byVariable = await complaint([], { [variable]: text });
      assert.ok(byVariable.message.startsWith(`${variable}: `), byVariable.message);
      delete process.env[variable];
    }
  });
});

suite('the command line', () => {
  const fails = async (args: readonly string[]): Promise<CommanderError> => {
    try {
      await silenced().parseAsync(args, { from: 'user' });
    } catch (error) {
      assert.ok(error instanceof CommanderError);
      return error;
    }
    throw new assert.AssertionError({ message: `${args.join(' ')} is accepted` });
  };

  test('what it does not know is refused, with the nearest that it does', async () => {
    assert.match((await fails(['--prot', '1'])).message, /unknown option '--prot'[^]*--port/);
    assert.match((await fails(['extra'])).message, /too many arguments/);
    assert.match((await fails(['--port'])).message, /'--port <number>' argument missing/);
  });

  test('help is no mistake', async () => {
    assert.equal((await fails(['--help'])).exitCode, 0);
  });

  test('help names every flag, every variable, the pages, the limits and the exit codes', async () => {
    let help = '';
    const serve = silenced().configureOutput({ writeOut: (text) => (help += text) });
    await assert.rejects(serve.parseAsync(['--help'], { from: 'user' }), CommanderError);
    const { source } = await parse([]);
    for (const name of [
      ...source.variables,
      ...SETTINGS.map(({ flag }) => flag),
      '/-/health/live',
      '/-/health/ready',
      '/-/metrics',
      'SIGTERM',
      'SIGHUP',
      'Exit codes',
      '5 GiB',
    ]) {
      assert.ok(help.includes(name), `${name} is not in the help`);
    }
    const widest = Math.max(...help.split('\n').map((line) => line.length));
    assert.ok(widest <= 120, `a line is ${widest} characters wide`);
  });
});
