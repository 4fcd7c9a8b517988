/** The names of tiers that are no storage class's, as rows of blobs have them. */

/** The tier of the data directory. */
export const DATA_TIER = '';

/** The tier of the store that the server was given for its blobs. No storage class has such a name. */
export const STORE_TIER = '@store';
