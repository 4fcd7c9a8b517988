/**
 * The class of requests, for Node.js to make. Its server asks each for five of its headers, and to tell one, all would be
 * put into an object, by rules for each name: here it holds those five. We read headers as they came, from `rawHeaders`.
 */

import { http } from './node-http.ts';

/** What Node.js decides by. Of the last two it asks whether they are there. */
type AskedFor = Partial<Record<'host' | 'expect' | 'te' | 'content-length' | 'transfer-encoding', string>>;

export class LeanRequest extends http.IncomingMessage {
  #askedFor: AskedFor | undefined;

  static {
    Object.defineProperty(this.prototype, 'headers', {
      configurable: true,
      get(this: LeanRequest): AskedFor {
        return (this.#askedFor ??= askedFor(this.rawHeaders));
      },
    });
  }
}

function askedFor(raw: readonly string[]): AskedFor {
  const headers: AskedFor = {};
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = nameOf(raw[i] as string);
    const value = raw[i + 1] as string;
    if (name === undefined) continue;
    const earlier = headers[name];
    if (earlier === undefined) headers[name] = value;
    // Of hosts the first one counts, and there is no more than one length; the others are lists.
    else if (name !== 'host' && name !== 'content-length') headers[name] = `${earlier}, ${value}`;
  }
  return headers;
}

/** In lower case; undefined for what nobody asks for. */
function nameOf(raw: string): keyof AskedFor | undefined {
  switch (raw.length) {
    case 2:
      return raw.toLowerCase() === 'te' ? 'te' : undefined;
    case 4:
      return raw.toLowerCase() === 'host' ? 'host' : undefined;
    case 6:
      return raw.toLowerCase() === 'expect' ? 'expect' : undefined;
    case 14:
      return raw.toLowerCase() === 'content-length' ? 'content-length' : undefined;
    case 17:
      return raw.toLowerCase() === 'transfer-encoding' ? 'transfer-encoding' : undefined;
    default:
      return undefined;
  }
}
