/** `cistern doctor`: what is wrong with this set-up, and what to do. */

import type { styleText as StyleText } from 'node:util';
import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { EXIT_FAILED } from '../command/exit-codes.ts';
import { jsonOption, placeOptions } from '../command/options.ts';
import type { OutputFlags } from '../command/options.ts';
import type { Finding } from '../doctor/finding.ts';
import type { ServiceFlags } from '../doctor/service.ts';

type DoctorFlags = OutputFlags & ServiceFlags;

export function command(cli: Cli): Command {
  const doctor = new Command('doctor')
    .description('Look for what is wrong with this set-up, and say what to do.')
    .argument('[place]', 'a service, a bucket, a folder or a remote (default: what the environment means)')
    .option('--write', 'also write, read and delete a small object of its own in the bucket')
    .addHelpText(
      'after',
      `
It looks at the runtime, remotes, folders, free room and limits of this machine; of a service at its
name, connection, certificate and clock, at whose keys are used, and at what they may do. It never
shows secrets, and changes nothing without --write. It ends with 1 when there is a problem.

Examples:
  cistern doctor                        this machine, and the service of the environment
  cistern doctor prod                   a remote
  cistern doctor --write s3://photos    whether a bucket can be used for all
  cistern doctor --json s3://photos     a document for each check, for scripts`,
    );
  jsonOption(placeOptions(doctor));
  return doctor.action((place: string | undefined, flags: DoctorFlags) => run(cli, place, flags));
}

async function run(cli: Cli, place: string | undefined, flags: DoctorFlags): Promise<void> {
  const [{ examine }, { styleText }] = await Promise.all([
    import('../doctor/doctor.ts'),
    import('node:util'),
  ]);
  let [problems, warnings] = [0, 0];
  for await (const finding of examine(cli, place, flags)) {
    if (finding.status === 'problem') problems++;
    if (finding.status === 'warning') warnings++;
    if (flags.json === true) await cli.out.json({ type: 'check', ...finding });
    else await printFinding(cli, finding, styleText);
  }
  if (problems > 0) cli.exitCode = EXIT_FAILED;
  if (flags.json === true) return;
  const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
  await cli.out.line(
    problems + warnings === 0
      ? 'Nothing is wrong.'
      : `${count(problems, 'problem')}, ${count(warnings, 'warning')}.`,
  );
}

const COLOR = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

async function printFinding(
  { out }: Cli,
  { status, check, message, advice }: Finding,
  styleText: typeof StyleText,
): Promise<void> {
  // Without colours where NO_COLOR says so, and where nobody sees them.
  const mark = styleText(COLOR[status], status.padEnd(7), { stream: out.stream });
  await out.styled(mark, `  ${check.padEnd(11)}  ${message}`);
  if (advice !== undefined) await out.line(`${''.padEnd(22)}${advice}`);
}
