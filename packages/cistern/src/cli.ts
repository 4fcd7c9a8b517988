/** The command line's entry: reads the environment, runs the command, and ends the process as it tells. */

import { Cli } from './command/cli.ts';
import { run } from './command/run.ts';
import { emptyVariables } from './serve/environment.ts';

// Removed, because commander reads the process's own environment.
for (const name of emptyVariables(process.env)) delete process.env[name];

const { env, stdout, stderr, stdin } = process;
const cli = new Cli({ env, stdout, stderr, stdin });
await run(cli, process.argv.slice(2));
process.exitCode = cli.exitCode;
