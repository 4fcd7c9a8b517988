/** @module One object from any store into any other, large ones in parallel parts, to be gone on with after a break: `@cistern/store/transfers`. */

export { transfer } from './transfer.ts';
export type { TransferOptions, TransferResult } from './transfer.ts';
export type { TransferSource } from './origin.ts';
export type { Journal } from './journal.ts';
export { LOCAL_FILE, PARTIAL_SUFFIX } from './local-target.ts';
export type { HasLocalFiles } from './local-target.ts';
export { CHECKSUMS, knownChecksums } from './known-checksums.ts';
export type { ChecksumsOptions, KeepsChecksums, KnownChecksums } from './known-checksums.ts';
export { sameContent } from './same-content.ts';
export type { ObjectAt, SameContent, SameContentOptions } from './same-content.ts';
export { PARTS, partTargetOf } from './part-target.ts';
export type {
  BeginPartsOptions,
  PartedObject,
  PartTarget,
  SendPartOptions,
  StoredPart,
  TakesParts,
} from './part-target.ts';
