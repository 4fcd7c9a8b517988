/** Bytes to standard output as fast as its reader takes them. */

import type { Cli } from '../command/cli.ts';

/**
 * Ends early when the reader has gone away: what is left is for nobody.
 *
 * @param before called when there is something to print, or nothing at all; not when the bytes fail before the first of them
 */
export async function printBytes(
  cli: Cli,
  chunks: AsyncIterable<Uint8Array>,
  before: () => Promise<void> | void = () => undefined,
): Promise<void> {
  let isFirst = true;
  for await (const chunk of chunks) {
    if (isFirst) await before();
    isFirst = false;
    await cli.out.bytes(chunk);
    if (cli.out.isClosed) return;
  }
  if (isFirst) await before();
}
