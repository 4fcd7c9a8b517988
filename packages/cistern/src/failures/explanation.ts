/** What a failure is told as. */

import { printable } from '../terminal/printable.ts';

/** What happened, and what to do next: sentences for a person. */
export interface Told {
  readonly message: string;
  readonly advice?: string | undefined;
}

export interface Explanation extends Told {
  /** a code of `StoreErrorCode`, or `Failed`: for scripts */
  readonly code: string;
  readonly exitCode: number;
}

/** One failure of many: `s3://b/k: the service has no room left. Make room there.` A name that is in the message is not repeated. */
export function onOneLine(name: string, { message, advice }: Told): string {
  const whole = printable(message.includes(name) ? message : `${name}: ${message}`);
  if (advice === undefined) return whole;
  return `${whole}${/[.?!]$/.test(whole) ? '' : '.'} ${advice}`;
}
