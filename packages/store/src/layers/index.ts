/** @module Layers: stores around other stores, each adding one thing. `encrypt(options, memory())`. */

export { compress } from './compress/compress.ts';
export type { CompressOptions } from './compress/compress.ts';
export { encrypt } from './encrypt/encrypt.ts';
export type { EncryptOptions } from './encrypt/encrypt.ts';
export { rotateKey } from './encrypt/rotate.ts';
