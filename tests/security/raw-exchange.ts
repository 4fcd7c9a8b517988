/** @module Bytes over a connection of their own, and the answers that come back. */

import { RawConnection, type RawResponse } from '../support/raw-http.ts';

/**
 * Resolves to the answers up to the one that is the last, or all if the server ends the connection before it. Interim ones
 * are left out. Rejects when the server does neither in time.
 */
export async function exchange(
  endpoint: string,
  bytes: string | Buffer,
  isLast: (answer: RawResponse) => boolean,
): Promise<RawResponse[]> {
  const connection = await RawConnection.open(endpoint);
  const answers: RawResponse[] = [];
  try {
    await connection.send(bytes);
    for (;;) {
      const answer = await connection.read();
      if (answer.status >= 200) answers.push(answer);
      if (isLast(answer)) return answers;
    }
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('the connection ended')) return answers;
    throw error;
  } finally {
    connection.close();
  }
}
