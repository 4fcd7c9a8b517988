/** Whole numbers on a command line. */

import { OptionError } from './option-error.ts';

/** @param least the smallest that makes sense @throws OptionError */
export function parseCount(option: string, text: string, least: number): number {
  const count = Number(text);
  if (/^\d{1,15}$/.test(text) && count >= least) return count;
  throw new OptionError(option, `must be a whole number from ${least} on, not ${JSON.stringify(text)}.`);
}
