/** What is remembered of a large transfer, so that another process can go on with it. Where, is the caller's business. */

/**
 * Texts by name. A name says everything that must be the same for a transfer to be gone on with: the two stores, the keys, and the state of
 * the source. What is read may be old or of somebody else: whoever reads it checks it against the stores.
 */
export interface Journal {
  read(name: string): Promise<string | undefined>;
  /** Replaces the text of that name, atomically. */
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
}
