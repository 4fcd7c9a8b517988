/** @module One object from any store into any other, large ones in parallel parts, to be gone on with after a break: `@cistern/store/transfers`. */

export { transfer } from './transfer.ts';
export type { TransferOptions, TransferResult } from './transfer.ts';
export type { Journal } from './journal.ts';
