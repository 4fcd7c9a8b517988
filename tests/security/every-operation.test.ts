/**
 * @module Security: every operation, asked with every kind of authentication that does not hold. Nothing is told, and
 * nothing is done. That the requests would do something is shown as well: each succeeds when it is signed.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { S3OperationName } from '@cistern/protocol';

import { KNOWN_HEADERS } from '../../packages/protocol/src/known-headers.ts';
import type { S3Response } from '../support/s3.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';
import { sendPrepared } from './bend.ts';
import { everything, type Ground, makeGround, OPERATIONS, optionsOf, SAMPLES } from './every-operation.ts';
import { type Ask, WRONG } from './wrong-authentication.ts';

const { s3 } = await startTestServer();
const options = { skip: needsOwnServer };

/** What S3 answers when it is asked rightly; 2xx where it is not named. */
const ANSWERS: Readonly<Partial<Record<S3OperationName, number>>> = { DeleteBucket: 409 };

function askOf(name: S3OperationName, ground: Ground): Ask {
  const sample = SAMPLES[name](ground);
  return { method: sample.method, path: sample.path, options: optionsOf(name, sample) };
}

function code(response: S3Response, method: string): string {
  // An answer to HEAD has no body: its status has to do.
  return method === 'HEAD' ? '(HEAD)' : (response.errorCode ?? `none: ${response.text.slice(0, 200)}`);
}

test('there is a request for every operation', () => {
  assert.deepEqual([...OPERATIONS].sort(), Object.keys(KNOWN_HEADERS).sort());
});

suite('no operation answers to a signature that does not hold, or to none', options, async () => {
  const ground = await makeGround(s3);
  for (const [what, { status, code: expected, make }] of Object.entries(WRONG)) {
    test(what, async () => {
      const before = await everything(s3, ground);
      const answers = await Promise.all(
        OPERATIONS.map(async (name) => {
          const ask = askOf(name, ground);
          const response = await sendPrepared(s3, make(s3, ask));
          return [name, response.status, code(response, ask.method)];
        }),
      );
      const wanted = OPERATIONS.map((name) => {
        const head = SAMPLES[name](ground).method === 'HEAD';
        return [name, status, head ? '(HEAD)' : expected];
      });
      assert.deepEqual(answers, wanted);
      assert.deepEqual(await everything(s3, ground), before, 'a refused request changed something');
    });
  }
});

suite('signed as it should be, every operation does what it is asked', options, () => {
  for (const auth of ['header', 'presigned'] as const) {
    test(auth, async () => {
      const wrong = await Promise.all(
        OPERATIONS.map(async (name) => {
          const { method, path, options: sent } = askOf(name, await makeGround(s3));
          const { status, text } = await s3.send(method, path, { ...sent, auth });
          const good = status < 300 || status === ANSWERS[name];
          return good ? [] : [`${name}: ${status} ${text}`];
        }),
      );
      assert.deepEqual(wrong.flat(), []);
    });
  }
});
