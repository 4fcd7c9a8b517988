/** Ranges of bytes as HTTP writes them: `0-99`, `100-`, `-100`. */

import type { ByteRange } from '@cistern/store';
import { usage } from '../failures/failure.ts';

const RANGE = /^(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))$/;

/** @throws {Failure} a usage error */
export function parseByteRange(text: string): ByteRange {
  const [, first, last, suffix] = RANGE.exec(text) ?? [];
  if (suffix !== undefined) return { suffix: Number(suffix) };
  const start = Number(first);
  // The last byte is one of the range.
  const end = last === undefined ? undefined : Number(last) + 1;
  if (first === undefined || (end !== undefined && end <= start)) {
    throw usage(
      `--range ${text} is no range of bytes`,
      'Write 0-99 for the first hundred, 100- for the rest, -100 for the last hundred.',
    );
  }
  return { start, end };
}
