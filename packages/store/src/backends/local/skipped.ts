/** What a plain folder has that is no object, as callers are told of it. */

/**
 * | why | |
 * |---|---|
 * | `link` | a symbolic link, or one that leads nowhere where links are followed |
 * | `loop` | a link to a folder in which it stands |
 * | `special` | a pipe, a socket, a device |
 * | `unreadable` | a folder that may not be read: what is in it is not known |
 * | `name` | no key is written so: the name is not UTF-8, or stands for another one |
 */
export type SkippedReason = 'link' | 'loop' | 'special' | 'unreadable' | 'name';

/** Called while a listing is under way, once for each listing; what it throws ends the listing. */
export type Skipped = (path: string, why: SkippedReason) => void;
