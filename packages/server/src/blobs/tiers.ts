/** The names of tiers that are no storage class's, as rows of blobs have them, and of blobs in another store. */

/** The tier of the data directory. */
export const DATA_TIER = '';

/** The tier of the store that the server was given for its blobs. No storage class has such a name. */
export const STORE_TIER = '@store';

/** Before the location of every blob in a store; what else the store holds is not ours. */
export const BLOB_PREFIX = 'blobs/';

/** What the name of a blob in a store looks like, without the prefix. */
export const OBJECT_LOCATION = /^[0-9a-f]{2}\/[0-9a-f]{32}$/;
