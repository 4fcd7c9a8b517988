/** What an error means to a person: what happened, where, what to do next, and how the process ends. */

import { resolve } from 'node:path';
import type { StoreError, StoreErrorCode } from '@cistern/store/errors';
import type { Cli } from '../command/cli.ts';
import {
  EXIT_FAILED,
  EXIT_INTERRUPTED,
  EXIT_NOT_ALLOWED,
  EXIT_NOT_FOUND,
  EXIT_UNREACHABLE,
  EXIT_USAGE,
} from '../command/exit-codes.ts';
import { OptionError } from '../values/option-error.ts';
import { redact } from '../values/redact.ts';
import type { Explanation, Told } from './explanation.ts';
import { factsOf } from './facts.ts';
import type { Facts } from './facts.ts';
import { Failure } from './failure.ts';
import { explainFile, FILE_EXIT } from './file-failures.ts';
import { explainNetwork } from './network-failures.ts';
import { explainService } from './service-failures.ts';

export type { Explanation } from './explanation.ts';

const EXIT_OF: Partial<Record<StoreErrorCode, number>> = {
  NotFound: EXIT_NOT_FOUND,
  Unauthenticated: EXIT_NOT_ALLOWED,
  PermissionDenied: EXIT_NOT_ALLOWED,
  Timeout: EXIT_UNREACHABLE,
  Unavailable: EXIT_UNREACHABLE,
  InvalidArgument: EXIT_USAGE,
  InvalidKey: EXIT_USAGE,
  Unsupported: EXIT_USAGE,
  Aborted: EXIT_INTERRUPTED,
};

/**
 * Never rejects, and repeats no secret that somebody has written into a URL.
 *
 * @param cli of the command that failed. With it services that were opened are asked for the name of a bucket that was probably
 *   meant (for 3 s at most, once each), and the source of keys is told
 */
export async function explain(error: unknown, cli?: Cli): Promise<Explanation> {
  const { message, advice, ...rest } = await toExplanation(error, cli);
  return { ...rest, message: redact(message), ...(advice !== undefined && { advice: redact(advice) }) };
}

async function toExplanation(error: unknown, cli: Cli | undefined): Promise<Explanation> {
  const facts = factsOf(error);
  if (error instanceof Failure) {
    const { message, advice, exitCode } = error;
    return { code: facts.error?.code ?? 'Failed', message, advice, exitCode };
  }
  if (error instanceof OptionError) {
    return { code: 'InvalidArgument', message: `${error.option}: ${error.reason}`, exitCode: EXIT_USAGE };
  }
  if (facts.error !== undefined) {
    const { code } = facts.error;
    const told = await tellStoreError(facts.error, facts, cli);
    return { code, ...told, exitCode: EXIT_OF[code] ?? EXIT_FAILED };
  }
  const { systemCode, path } = facts;
  const told = systemCode === undefined ? undefined : explainFile(systemCode, resolve(path ?? '.'));
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'Failed', message, ...told, exitCode: FILE_EXIT[systemCode ?? ''] ?? EXIT_FAILED };
}

async function tellStoreError(error: StoreError, facts: Facts, cli: Cli | undefined): Promise<Told> {
  const network = explainNetwork(facts);
  if (network !== undefined) return network;
  if (facts.answer !== undefined) {
    const { reasonOfRefusal, serviceContext } = await import('./service-context.ts');
    const known = (await reasonOfRefusal(facts, cli)) ?? facts;
    const told = explainService(known, await serviceContext(known, cli));
    if (told !== undefined) return told;
  } else if (error.code === 'Unauthenticated') {
    const { explainCredentials } = await import('./service-context.ts');
    return explainCredentials(error, facts, cli);
  }
  if (facts.where === undefined && facts.systemCode !== undefined && facts.path !== undefined) {
    const told = explainFile(facts.systemCode, resolve(facts.path));
    if (told !== undefined) return told;
  }
  return { message: tidy(error.message), advice: adviceOf(error) };
}

/** Of what has no table, by the store's code. */
function adviceOf({ code }: StoreError): string | undefined {
  switch (code) {
    case 'AlreadyExists':
      return 'Nothing was changed. --overwrite replaces what is there, where the command has it.';
    case 'PreconditionFailed':
    case 'Conflict':
      return 'Somebody else has changed it meanwhile: look at it, and run the command again.';
    case 'Unsupported':
      return 'The place cannot do this: the table of backends in the manual says which can.';
    case 'Corrupt':
      return 'The bytes are not those that were written: read it again, and restore it if it stays so.';
    case 'StorageFull':
      return 'Make room; the same command then goes on.';
    case 'Timeout':
    case 'Unavailable':
      return 'Try again: the same command goes on where it stopped. cistern doctor looks closer.';
    default:
      return undefined;
  }
}

/** Stores name themselves with the layers that they are in: a person knows the innermost. */
function tidy(message: string): string {
  return message.replace(/\b(?:retry\(\d+, )+((?:[a-z0-9]+)\((?:"[^"]*"(?:, )?)*\))\)+/g, '$1');
}
