/** Sends lines as they come, to a client that may go away meanwhile: whoever makes them is told by the end of the loop. */

import type { ServerResponse } from 'node:http';

/** Resolves to the bytes sent. */
export async function sendLines(response: ServerResponse, lines: AsyncIterable<string>): Promise<number> {
  let sent = 0;
  for await (const line of lines) {
    if (response.destroyed) break;
    sent += Buffer.byteLength(line);
    if (!response.write(line)) await drained(response);
  }
  response.end();
  return sent;
}

/** Or gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
