/**
 * What a store can do. One set, of booleans and limits: a capability that is `false` is rejected with `Unsupported` when
 * it is asked for, never imitated and never ignored. The contract suite chooses its tests by it, and tests both ways.
 */

export interface Capabilities {
  /** `false`: put, delete, copy and upload are refused */
  readonly write: boolean;
  /** put and copy with mode `create` are decided atomically, also against other processes */
  readonly create: boolean;
  /** put and copy with mode `{ ifMatch }` likewise */
  readonly ifMatch: boolean;
  /** attributes are kept; `false`: putting any is refused */
  readonly attributes: boolean;
  /** `get` and `copy` can name a version */
  readonly versions: boolean;
  /** objects are written durably: they survive the end of the process and of the machine's power */
  readonly durable: boolean;
  readonly list: boolean;
  /** `copy` moves no bytes through this process */
  readonly serverSideCopy: boolean;
  /** uploads whose committed bytes can be read before they complete */
  readonly uploads: boolean;
  /** an upload is completed without moving its bytes through this process */
  readonly serverSideComplete: boolean;
  readonly presign: boolean;
  /** bytes of a key in UTF-8 */
  readonly keyBytesMax: number;
  /** bytes of an object */
  readonly objectBytesMax: number;
  /** bytes of names and values of metadata together */
  readonly metadataBytesMax: number;
  /** bytes of every part of an upload but the last, at least */
  readonly partBytesMin: number;
}
