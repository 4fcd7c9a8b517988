/**
 * @module The S3 server under test, as every part of the benchmark sees it.
 */

export interface Target {
  /** what the results call it */
  name: string;
  endpoint: URL;
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  /** the server's process on this machine, for its CPU time and memory */
  pid?: number;
  /** where it keeps its data on this machine */
  dataDirectory?: string;
  /** from the start of its process to its first answer to a signed request; only for servers started here */
  startMilliseconds?: number;
}
