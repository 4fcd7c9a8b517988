/** What an error means to a person: what happened, where, what to do next, and how the process ends. */

import { isStoreError } from '@cistern/store/errors';
import type { StoreErrorCode } from '@cistern/store/errors';
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
import { Failure } from './failure.ts';

export interface Explanation {
  /** a code of `StoreErrorCode`, or `Failed`: for scripts */
  readonly code: string;
  readonly message: string;
  readonly advice?: string | undefined;
  readonly exitCode: number;
}

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

/** Never rejects. */
export async function explain(error: unknown): Promise<Explanation> {
  const { message, advice, ...rest } = toExplanation(error);
  return { ...rest, message: redact(message), ...(advice !== undefined && { advice: redact(advice) }) };
}

function toExplanation(error: unknown): Explanation {
  if (error instanceof Failure) {
    const { message, advice, exitCode } = error;
    return { code: isStoreError(error.cause) ? error.cause.code : 'Failed', message, advice, exitCode };
  }
  if (error instanceof OptionError) {
    return { code: 'InvalidArgument', message: `${error.option}: ${error.reason}`, exitCode: EXIT_USAGE };
  }
  if (isStoreError(error)) {
    return { code: error.code, message: error.message, exitCode: EXIT_OF[error.code] ?? EXIT_FAILED };
  }
  return {
    code: 'Failed',
    message: error instanceof Error ? error.message : String(error),
    exitCode: EXIT_FAILED,
  };
}
