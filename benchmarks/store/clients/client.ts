/** What every measured library is made to do, by an adapter of its own beside this file: the same work in its own way. */

export interface ClientTarget {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** exists already; in an Azure account: the container */
  readonly bucket: string;
}

export interface Client {
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Resolves to how many bytes there were, all of them in memory. */
  get(key: string): Promise<number>;
  /** Puts what comes as a stream, `size` bytes; in parallel parts where the library can. */
  putStream(key: string, chunks: AsyncIterable<Uint8Array>, size: number): Promise<void>;
  /** Reads a whole object into memory of the caller, in parallel ranges where the library can. */
  getInto(key: string, into: Uint8Array): Promise<void>;
  /** Resolves to the number of keys that begin with `prefix`. */
  list(prefix: string): Promise<number>;
  close(): Promise<void>;
}

export type OpenClient = (target: ClientTarget) => Promise<Client>;
