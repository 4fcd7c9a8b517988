/** What the operations of one S3 store share. */

import type { S3Client } from './client.ts';
import type { Conditions } from './conditions.ts';

export interface S3Context {
  readonly client: S3Client;
  readonly conditions: Conditions;
  /** bytes a part of large objects, at least */
  readonly partSize: number;
  /** bytes that the service takes for a part, at least */
  readonly partBytesMin: number;
  /** parts or ranges of one object under way at once */
  readonly concurrency: number;
  /** whether checksums are sent and checked */
  readonly checksums: boolean;
  /** the store, for messages */
  readonly name: { toString(): string };
}
