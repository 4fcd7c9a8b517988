/**
 * @module For those who write a backend of their own: what every backend checks and answers alike, so that it keeps the
 * contract (`@cistern/store/testing`). Bodies and errors are in the core, uploads in `@cistern/store/uploads`.
 */

export { hasAttributes, toAttributes } from './attributes.ts';
export { checkGetConditions, checkPutMode, notFound } from './conditions.ts';
export { afterPrefix, checkKey, eachKey } from './keys.ts';
export { headRead, objectRead } from './object-read.ts';
export { checkTargets, fitTargets } from './read-targets.ts';
export { listSorted } from './sorted-listing.ts';
