/** How the process ends. Scripts rely on these numbers: docs/command-line.md tells them, and they do not change. */

/** Something could not be done, or not all of it: each failure was named. A server that could not start. */
export const EXIT_FAILED = 1;
/** The command line or a setting is wrong: starting again as it is cannot help. */
export const EXIT_USAGE = 2;
/** What was named is not there. */
export const EXIT_NOT_FOUND = 3;
/** No credentials, wrong ones, or not allowed. */
export const EXIT_NOT_ALLOWED = 4;
/** `diff` and `verify`: the places differ. */
export const EXIT_DIFFERENT = 5;
/** The service is out of reach, overloaded or answers nothing in time: the same command may succeed later. */
export const EXIT_UNREACHABLE = 6;
/** Stopped by Ctrl-C (128 + SIGINT). What was done is kept; the same command goes on. */
export const EXIT_INTERRUPTED = 130;

/** What `cistern fsck` ends with, as its help tells. */
export const FSCK_EXIT = { clean: 0, problems: 1, notRun: 2 } as const;
