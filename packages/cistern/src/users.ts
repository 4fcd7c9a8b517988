/**
 * Users beside root: a JSON list, `[{"name": "alice", "accessKeyId": "…", "secretAccessKey": "…"}]`, from a file or from
 * `CISTERN_USERS`.
 */

import type { User } from '@cistern/server';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const ACCESS_KEY = /^[A-Za-z0-9._-]{3,128}$/;
const SECRET_LENGTH_MIN = 8;

export const ROOT_NAME = 'root';

/** @throws Error that says which entry is wrong and why; it never repeats a secret */
export function parseUsers(json: string, source: string): User[] {
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch {
    throw new Error(
      `${source} is not JSON. It is a list: [{"name": …, "accessKeyId": …, "secretAccessKey": …}]`,
    );
  }
  if (!Array.isArray(list)) throw new Error(`${source} is not a list of users.`);
  return list.map((entry: unknown, index) => parseUser(entry, `user ${index + 1} of ${source}`));
}

function parseUser(entry: unknown, where: string): User {
  if (typeof entry !== 'object' || entry === null) throw new Error(`${where} is not an object.`);
  for (const field of Object.keys(entry)) {
    if (!['name', 'accessKeyId', 'secretAccessKey'].includes(field))
      throw new Error(`${where} has an unknown field ${field}.`);
  }
  const { name, accessKeyId, secretAccessKey } = entry as Record<string, unknown>;
  if (typeof name !== 'string' || !NAME.test(name))
    throw new Error(`${where} needs a name of letters, digits, '.', '_', '-'.`);
  return checkUser({ name, accessKeyId, secretAccessKey, root: false }, where);
}

/** @throws Error when a key is missing or too weak to be one */
export function checkUser(
  user: { name: string; accessKeyId: unknown; secretAccessKey: unknown; root: boolean },
  where: string,
): User {
  const { name, accessKeyId, secretAccessKey, root } = user;
  if (typeof accessKeyId !== 'string' || !ACCESS_KEY.test(accessKeyId)) {
    throw new Error(`The access key id of ${where} must be 3 to 128 letters, digits, '.', '_' or '-'.`);
  }
  if (typeof secretAccessKey !== 'string' || secretAccessKey.length < SECRET_LENGTH_MIN) {
    throw new Error(`The secret access key of ${where} must have at least ${SECRET_LENGTH_MIN} characters.`);
  }
  return { name, accessKeyId, secretAccessKey, root };
}

/** @throws Error when two users share a name or an access key id */
export function checkDistinct(users: readonly User[]): void {
  for (const field of ['name', 'accessKeyId'] as const) {
    const seen = new Set<string>();
    for (const user of users) {
      if (seen.has(user[field])) throw new Error(`Two users have the ${field} ${user[field]}.`);
      seen.add(user[field]);
    }
  }
}
