/** What is remembered of a large transfer, so that another process can go on with it. Where, is the caller's business. */

/**
 * Texts by name. A name says what is transferred: the two stores and the keys, in any number of characters. The text says of
 * which state of the source, and how far. What is read may be old, of somebody else or no text of ours: it is checked
 * against both stores before anything is built on it.
 */
export interface Journal {
  read(name: string): Promise<string | undefined>;
  /** Replaces the text of that name, atomically. */
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
}
