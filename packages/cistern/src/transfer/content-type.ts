/** What a file of this machine most likely is, by the ending of its name: files carry no content type of their own. */

import { lookup } from 'mrmime';

/** @returns `undefined` for endings that nobody knows: the target's own default is as good a guess */
export function guessContentType(key: string): string | undefined {
  const name = key.slice(key.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  // A hidden file's first dot begins no ending.
  return dot > 0 ? lookup(name.slice(dot + 1)) : undefined;
}
