/** The command line. Only what a command needs is loaded when it runs. */

import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { ServeFlags } from './settings.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('cistern')
  .description(
    'An S3-compatible object store that starts with one command and never loses an acknowledged write.',
  )
  .version(version)
  .showHelpAfterError('(cistern --help and cistern serve --help say more)');

const flag = (name: string, description: string, variable: string): Option =>
  new Option(name, description).env(`CISTERN_${variable}`);

const collect = (value: string, earlier: string[]): string[] => [
  ...earlier,
  ...value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== ''),
];

program
  .command('serve')
  .description('Serve S3 from a data directory.')
  .addOption(flag('--data <dir>', 'data directory, made when missing', 'DATA').default('./data'))
  .addOption(flag('--host <address>', 'address to listen on; 0.0.0.0 for all', 'HOST').default('127.0.0.1'))
  .addOption(flag('--port <number>', 'port to listen on; 0 picks a free one', 'PORT').default('9000'))
  .addOption(flag('--threads <number>', 'HTTP threads (default: one a core)', 'THREADS'))
  .addOption(
    flag('--domain <name>', 'also serve <bucket>.<name>; several: repeat, or separate by commas', 'DOMAIN')
      .argParser(collect)
      .default([], 'path style only'),
  )
  .addOption(flag('--region <name>', 'region that signatures name', 'REGION').default('us-east-1'))
  .addOption(flag('--tls-cert <file>', 'certificate chain, PEM; with --tls-key serves https', 'TLS_CERT'))
  .addOption(flag('--tls-key <file>', 'private key, PEM', 'TLS_KEY'))
  .addOption(flag('--users <file>', 'further users: a JSON list, see below', 'USERS_FILE'))
  .addOption(flag('--buckets <names>', 'buckets to create when missing, separated by commas', 'BUCKETS'))
  .addOption(
    flag('--log-level <level>', 'silent, error, warn, info (a line a request) or debug', 'LOG_LEVEL').default(
      'info',
    ),
  )
  .addOption(
    flag(
      '--min-throughput <bytes>',
      'least bytes a second that a body must move, over 20 s',
      'MIN_THROUGHPUT',
    ).default('1024'),
  )
  .addHelpText('after', () => readFileSync(new URL('./serve-help.txt', import.meta.url), 'utf8'))
  .action(async (flags: ServeFlags) => {
    const { explainFailure, serve } = await import('./serve.ts');
    try {
      await serve(flags);
    } catch (error) {
      process.stderr.write(`cistern: ${explainFailure(error)}\n`);
      process.exitCode = 1;
    }
  });

await program.parseAsync();
