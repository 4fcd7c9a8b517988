/** How the process ends when all is not well. `cistern serve --help` tells them. */

/** The server could not start, or has ended out of order. */
export const EXIT_FAILED = 1;
/** The command line or a setting is wrong: starting again as it is cannot help. */
export const EXIT_USAGE = 2;

/** What `cistern fsck` ends with, as its help tells. */
export const FSCK_EXIT = { clean: 0, problems: 1, notRun: 2 } as const;
