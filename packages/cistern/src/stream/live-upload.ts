/** Bytes into an upload that others can follow: what has come is committed again and again, full part or not. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Upload } from '@cistern/store';

/** S3 has 10,000 parts for an object: after so many commits they come half as often, so that days of them fit. */
const COMMITS_AT_PACE = 1000;

/**
 * Ends when the input does, or rejects with its error. The upload is neither completed nor let go of.
 *
 * @param flushMs between two commits, at first
 */
export async function writeLive(
  upload: Upload,
  input: AsyncIterable<Uint8Array>,
  flushMs: number,
  onBytes: (bytes: number) => void,
): Promise<void> {
  let isDirty = false;
  const ended = new AbortController();
  const commit = async (): Promise<void> => {
    for (let commits = 0; !ended.signal.aborted;) {
      const pauseMs = flushMs * 2 ** Math.floor(commits / COMMITS_AT_PACE);
      await sleep(pauseMs, undefined, { signal: ended.signal }).catch(() => undefined);
      if (!isDirty || ended.signal.aborted) continue;
      isDirty = false;
      commits++;
      // Once a part has failed the next write says so.
      await upload.flush().catch(() => undefined);
    }
  };
  const committing = commit();
  try {
    for await (const chunk of input) {
      await upload.write(chunk);
      isDirty = true;
      onBytes(chunk.byteLength);
    }
  } finally {
    ended.abort();
    await committing;
  }
}
