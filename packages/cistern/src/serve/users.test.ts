/** @module What the list of users may say, and what is said of one that is wrong: never a secret. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionError } from '../values/option-error.ts';
import { checkDistinct, parseUsers } from './users.ts';

const SECRET = 'a secret that no message repeats';
const ALICE = { name: 'alice', accessKeyId: 'ALICE123', secretAccessKey: SECRET };

function refuses(entries: unknown, reason: RegExp): void {
  assert.throws(
    () => parseUsers(typeof entries === 'string' ? entries : JSON.stringify(entries), 'users.json'),
    (error: unknown) => {
      assert.ok(error instanceof OptionError);
      assert.match(error.reason, reason);
      assert.ok(!error.message.includes(SECRET), error.message);
      return true;
    },
  );
}

test('a list of users is read, and none of them is root', () => {
  assert.deepEqual(parseUsers(JSON.stringify([ALICE]), 'users.json'), [{ ...ALICE, root: false }]);
  assert.deepEqual(parseUsers('[]', 'users.json'), []);
});

test('what is no list is refused', () => {
  refuses(`[{"secretAccessKey": "${SECRET}"`, /users\.json is not JSON/);
  refuses(ALICE, /not a list: put it in \[ \]/);
});

test('an entry that is wrong is counted from one and told what is wrong', () => {
  const second = (entry: unknown, reason: RegExp): void =>
    refuses([ALICE, entry], new RegExp(`user 2 of users\\.json.*${reason.source}`));
  second('bob', /is not an object/);
  second(null, /is not an object/);
  second({ ...ALICE, root: true }, /unknown field "root"/);
  second({ ...ALICE, name: undefined }, /must be 1 to 63/);
  second({ ...ALICE, name: 'two words' }, /must be 1 to 63/);
  refuses([ALICE, { ...ALICE, accessKeyId: 'a/b' }], /accessKeyId of user 2 of users\.json must be 3 to 128/);
  refuses([ALICE, { ...ALICE, accessKeyId: 12345 }], /accessKeyId of user 2/);
  refuses([ALICE, { ...ALICE, secretAccessKey: 'short' }], /secretAccessKey of user 2.*at least 8/);
});

test('two users share neither a name nor an access key id, with root neither', () => {
  const alice = { ...ALICE, root: false };
  const root = { ...ALICE, name: 'root', accessKeyId: 'ROOT123', root: true };
  checkDistinct([root, alice]);
  assert.throws(
    () => checkDistinct([alice, { ...alice, accessKeyId: 'other' }]),
    /two users have the name alice/,
  );
  assert.throws(
    () => checkDistinct([alice, { ...alice, name: 'bob' }]),
    /two users have the accessKeyId ALICE123/,
  );
  assert.throws(
    () => checkDistinct([root, { ...alice, name: 'root' }]),
    /two users, one of them root have the name root/,
  );
});
