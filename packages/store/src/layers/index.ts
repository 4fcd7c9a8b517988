/** @module The layers: each a function that takes a store and gives one. */

export { prefix } from './prefix.ts';
