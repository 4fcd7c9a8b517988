/**
 * Users beside root: a JSON list, `[{"name": "alice", "accessKeyId": "…", "secretAccessKey": "…"}]`, from a file or from
 * `CISTERN_USERS`; and what a key has to be, root's too.
 */

import type { User } from '@cistern/server';
import { OptionError } from '../values/option-error.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const ACCESS_KEY = /^[A-Za-z0-9._-]{3,128}$/;
const SECRET_LENGTH_MIN = 8;
const FIELDS = ['name', 'accessKeyId', 'secretAccessKey'];

export const ROOT_NAME = 'root';

/**
 * @param source where the text is from, for messages
 * @throws OptionError that says which entry is wrong and why; it never repeats a secret
 */
export function parseUsers(json: string, source: string): User[] {
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch {
    throw new OptionError(
      'users',
      `${source} is not JSON. It is a list, [{"name": …, "accessKeyId": …, "secretAccessKey": …}]; ` +
        'a file with the list is named by --users or CISTERN_USERS_FILE.',
    );
  }
  if (!Array.isArray(list))
    throw new OptionError('users', `${source} is JSON, but not a list: put it in [ ].`);
  return list.map((entry: unknown, index) => checkUser(entry, `user ${index + 1} of ${source}`));
}

/** @throws OptionError */
export function checkUser(entry: unknown, where: string): User {
  const wrong = (reason: string): OptionError => new OptionError('users', reason);
  if (typeof entry !== 'object' || entry === null) throw wrong(`${where} is not an object.`);
  const unknown = Object.keys(entry).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) {
    throw wrong(`${where} has an unknown field ${JSON.stringify(unknown)}. Fields are ${FIELDS.join(', ')}.`);
  }
  const { name, accessKeyId, secretAccessKey } = entry as Record<string, unknown>;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw wrong(
      `the name of ${where} must be 1 to 63 letters, digits, '.', '_' or '-', a letter or digit first.`,
    );
  }
  if (!isAccessKeyId(accessKeyId)) throw wrong(`the accessKeyId of ${where} must be ${ACCESS_KEY_RULE}.`);
  if (!isSecretAccessKey(secretAccessKey)) {
    throw wrong(`the secretAccessKey of ${where} must be ${SECRET_RULE}.`);
  }
  return { name, accessKeyId, secretAccessKey, root: false };
}

export const ACCESS_KEY_RULE = "3 to 128 letters, digits, '.', '_' or '-'";
export const SECRET_RULE = `at least ${SECRET_LENGTH_MIN} characters`;

export function isAccessKeyId(value: unknown): value is string {
  return typeof value === 'string' && ACCESS_KEY.test(value);
}

export function isSecretAccessKey(value: unknown): value is string {
  return typeof value === 'string' && value.length >= SECRET_LENGTH_MIN;
}

/** @throws OptionError when two users, one of them root perhaps, share a name or an access key id */
export function checkDistinct(users: readonly User[]): void {
  for (const field of ['name', 'accessKeyId'] as const) {
    const seen = new Set<string>();
    for (const user of users) {
      if (seen.has(user[field])) {
        const root = users.some((one) => one.root && one[field] === user[field]) ? ', one of them root' : '';
        throw new OptionError(
          'users',
          `two users${root} have the ${field} ${user[field]}. Give each its own.`,
        );
      }
      seen.add(user[field]);
    }
  }
}
