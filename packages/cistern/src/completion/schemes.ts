/** How places begin that are no files and no remotes. */

export const SCHEME_STARTS = ['s3://', 'az://', 'zip:', 'sqlite:', 'hashed:'] as const;
