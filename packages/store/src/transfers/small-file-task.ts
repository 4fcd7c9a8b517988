/** What the thread that calls for small files and the one that writes them tell each other. Plain data. */

import type { StoreErrorCode } from '../errors.ts';
import type { LocalWrite } from './local-file.ts';

export interface SmallFileTask {
  readonly id: number;
  readonly write: LocalWrite;
  readonly bytes: Uint8Array;
  readonly modified: Date;
}

export interface SmallFileAnswer {
  readonly id: number;
  readonly size: number;
  readonly etag: string;
  readonly lastModified: Date;
  readonly failure?: SmallFileFailure | undefined;
}

/** An error of a store, with the system's own that it is of. Errors themselves lose their codes between threads. */
export interface SmallFileFailure {
  readonly code: StoreErrorCode;
  readonly message: string;
  readonly system?:
    | {
        readonly message: string;
        readonly code: string | undefined;
        readonly syscall: string | undefined;
        readonly path: string | undefined;
      }
    | undefined;
}
