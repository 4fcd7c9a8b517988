/**
 * Packages of others that are no dependency of this repository: `npm ci --prefix tests/peers` installs them. What is
 * used of them is typed by whoever uses it.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const FOLDER = new URL('../../tests/peers/', import.meta.url);
const require = createRequire(new URL('package.json', FOLDER));

/** What is missing, for whoever asks for a package that is not there. */
export const INSTALL = 'npm ci --prefix tests/peers';

export function hasPeer(name: string): boolean {
  return existsSync(fileURLToPath(new URL(`node_modules/${name}/package.json`, FOLDER)));
}

/** @throws when the package is not installed */
export async function importPeer(name: string): Promise<unknown> {
  if (!hasPeer(name)) throw new Error(`${name} is not installed: ${INSTALL}`);
  return import(pathToFileURL(require.resolve(name)).href);
}
