/** Tells a failure on standard error, as a person can act on it. */

import type { Cli } from '../command/cli.ts';
import { printable } from '../terminal/printable.ts';
import { explain } from './explain.ts';

/** After what was printed so far. The process ends with the code of the first failure that was told. */
export async function report(cli: Cli, error: unknown): Promise<void> {
  const { message, advice, exitCode } = await explain(error, cli);
  await cli.out.flush();
  cli.warn(printable(message));
  if (advice !== undefined) cli.note(`  ${advice}`);
  if (cli.exitCode === 0) cli.exitCode = exitCode;
}
