/** URLs of stores in folders: `file:///data?durable=false`. */

import { fileURLToPath } from 'node:url';
import { StoreError } from '../../errors.ts';

/**
 * @param flags the parameters that the store knows: each `true` or `false`
 * @throws {StoreError} `InvalidArgument` for a path that is no path, and for other parameters
 */
export function parseFolderUrl<Flag extends string>(
  url: URL,
  flags: readonly Flag[],
): { readonly path: string; readonly flags: Partial<Record<Flag, boolean>> } {
  const found: Partial<Record<Flag, boolean>> = {};
  for (const [name, value] of url.searchParams) {
    const flag = flags.find((one) => one === name);
    if (flag === undefined || (value !== 'true' && value !== 'false')) {
      throw wrong(url, `its parameters are ${flags.map((one) => `${one}=true or =false`).join(', ')}`);
    }
    found[flag] = value === 'true';
  }
  try {
    // With a URL of another scheme Node does not look at the path.
    return { path: fileURLToPath(`file://${url.host}${url.pathname}`), flags: found };
  } catch (error) {
    throw wrong(url, `write ${url.protocol}///folder, with three slashes`, error);
  }
}

function wrong(url: URL, message: string, cause?: unknown): StoreError {
  return new StoreError('InvalidArgument', `${url.href} is no folder’s URL: ${message}`, {
    operation: 'open',
    cause,
  });
}
