/** The folders of a listing that gives objects alone. */

import type { Found, FoundObject } from './walk.ts';

/** Each folder stands before what it has. @param objects in the order of their keys */
export async function* withFolders(objects: AsyncIterable<FoundObject>): AsyncGenerator<Found> {
  let last = '';
  for await (const object of objects) {
    const { name, key } = object;
    const base = key.slice(0, key.length - name.length);
    for (let end = name.indexOf('/') + 1; end > 0; end = name.indexOf('/', end) + 1) {
      const folder = name.slice(0, end);
      if (!last.startsWith(folder)) yield { type: 'prefix', prefix: base + folder, name: folder };
    }
    last = name;
    yield object;
  }
}
