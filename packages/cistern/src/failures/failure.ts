/** What a command cannot do, said for people: thrown by commands themselves. Errors of stores are explained in explain.ts. */

import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_NOT_FOUND, EXIT_USAGE } from '../command/exit-codes.ts';

export interface FailureOptions {
  /** what to do next, as a sentence */
  readonly advice?: string | undefined;
  /** `EXIT_FAILED` when left out */
  readonly exitCode?: number | undefined;
  readonly cause?: unknown;
}

export class Failure extends Error {
  readonly advice: string | undefined;
  readonly exitCode: number;

  constructor(message: string, { advice, exitCode = EXIT_FAILED, cause }: FailureOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Failure';
    this.advice = advice;
    this.exitCode = exitCode;
  }
}

/** The command line asks for something that makes no sense. */
export function usage(message: string, advice?: string): Failure {
  return new Failure(message, { advice, exitCode: EXIT_USAGE });
}

export function notFound(message: string, advice?: string): Failure {
  return new Failure(message, { advice, exitCode: EXIT_NOT_FOUND });
}

/** Ctrl-C: what was done, and how to go on. */
export function interrupted(message: string, advice?: string): Failure {
  return new Failure(message, { advice, exitCode: EXIT_INTERRUPTED });
}
