/** Bytes to standard output as fast as its reader takes them. */

import type { Cli } from '../command/cli.ts';

/** Ends early when the reader has gone away: what is left is for nobody. */
export async function printBytes(cli: Cli, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) {
    await cli.out.bytes(chunk);
    if (cli.out.isClosed) return;
  }
}
