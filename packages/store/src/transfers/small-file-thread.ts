/** The thread that writes small files: takes some at a time, writes one after the other, and answers for all of them. */

import { parentPort } from 'node:worker_threads';
import { isStoreError } from '../errors.ts';
import { writeSmallFile } from './local-file.ts';
import type { SmallFileAnswer, SmallFileFailure, SmallFileTask } from './small-file-task.ts';

async function carryOut({ id, write, bytes, modified }: SmallFileTask): Promise<SmallFileAnswer> {
  try {
    const { size, etag, lastModified } = await writeSmallFile(write, bytes, modified);
    return { id, size, etag, lastModified };
  } catch (error) {
    return { id, size: 0, etag: '', lastModified: modified, failure: failureOf(error) };
  }
}

function failureOf(error: unknown): SmallFileFailure {
  if (!isStoreError(error)) return { code: 'Unexpected', message: String(error) };
  const { code, message, cause } = error;
  if (!(cause instanceof Error)) return { code, message };
  const { message: said, code: errno, syscall, path } = cause as NodeJS.ErrnoException;
  return { code, message, system: { message: said, code: errno, syscall, path } };
}

parentPort?.on('message', (tasks: readonly SmallFileTask[]) => {
  void (async () => {
    const answers: SmallFileAnswer[] = [];
    for (const task of tasks) answers.push(await carryOut(task));
    parentPort?.postMessage(answers);
  })();
});
