/** The command line's entry: reads the environment, runs the command, and turns failures into messages and exit codes. */

import { CommanderError } from 'commander';
import { createProgram } from './command-line.ts';
import { emptyVariables, unknownVariables } from './environment.ts';
import { EXIT_USAGE } from './exit-codes.ts';

// Removed, because commander reads the process's own environment.
for (const name of emptyVariables(process.env)) delete process.env[name];

const program = createProgram({
  serve: async (flags, { nameOf, variables }) => {
    for (const name of unknownVariables(process.env, variables)) {
      process.stderr.write(
        `cistern: ${name} is not a setting and does nothing; cistern serve --help names them all.\n`,
      );
    }
    const [{ serve }, { explainFailure }] = await Promise.all([
      import('./serve.ts'),
      import('./explain-failure.ts'),
    ]);
    try {
      await serve(flags, process.env);
    } catch (error) {
      const failure = explainFailure(error, { nameOf, address: `${flags.host}:${flags.port}` });
      process.stderr.write(`cistern: ${failure.message}\n`);
      process.exitCode = failure.exitCode;
    }
  },
  fsck: async (flags) => {
    const { fsck } = await import('./fsck.ts');
    process.exitCode = await fsck(flags, process.env);
  },
});

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
}
