/** The live view as text: what stands on the screen at one moment, for a screen of any width. Pure; progress-view.ts puts it there. */

import stringWidth from 'string-width';
import { printable } from './printable.ts';
import { amounts, percentOf, rates, skipped, troubles } from './progress-text.ts';
import type { CurrentItem, ProgressSnapshot } from './progress.ts';
import { formatBytes } from './sizes.ts';

export type Format = 'green' | 'red' | 'dim' | 'bold';

export interface FrameOptions {
  /** of the screen */
  readonly columns: number;
  readonly rows: number;
  /** bars are drawn with lines; else with ASCII */
  readonly isUnicode: boolean;
  /** gives a text its look; takes no room on the screen */
  readonly paint: (format: Format, text: string) => string;
}

/** Of what is under way no more is shown: the eye cannot follow it. */
const CURRENT_MAX = 5;
const BAR_MAX = 40;
/** A shorter bar tells nothing that the percentage does not. */
const BAR_MIN = 8;
const GAP = '  ';

/** No line is wider than the screen, whose last column stays free, and not all lines are taken. */
export function progressFrame(snapshot: ProgressSnapshot, options: FrameOptions): string[] {
  // Many terminals wrap when the last column is written.
  const width = Math.max(1, options.columns - 1);
  const lines = [overall(snapshot, width, options), ...counts(snapshot, width, options)];
  const room = Math.max(0, Math.min(CURRENT_MAX, options.rows - lines.length - 2));
  const shown = snapshot.current.slice(0, room);
  const isOnlyOne = snapshot.isFinal && snapshot.objects.total === 1;
  for (const item of shown) {
    lines.push(isOnlyOne ? `${GAP}${fit(item.name, width - 2, options)}` : current(item, width, options));
  }
  const more = snapshot.current.length - shown.length;
  if (more > 0 && room > 0) lines.push(options.paint('dim', cut(`${GAP}and ${more} more`, width)));
  return lines.map((line) => line.trimEnd());
}

function overall(snapshot: ProgressSnapshot, width: number, options: FrameOptions): string {
  const percent = percentOf(snapshot);
  const [amount = ''] = amounts(snapshot);
  const told = percent === undefined ? '' : cut(`${String(percent).padStart(3)}%`, width);
  // Least needed last: what finds no room is left out.
  const texts = [told, ...rates(snapshot).toReversed(), amount].filter((text) => text !== '');
  while (texts.length > 1 && stringWidth(texts.join(GAP)) > width) texts.pop();
  const has = (text: string): boolean => texts.includes(text);
  const right = [amount, ...rates(snapshot)].filter((text) => text !== '' && has(text)).join(GAP);
  if (percent === undefined) return cut(right, width);
  const room = Math.min(BAR_MAX, width - stringWidth(told) - 1 - (right === '' ? 0 : stringWidth(right) + 2));
  const drawn = room < BAR_MIN ? '' : ` ${bar(percent / 100, room, options)}`;
  return `${options.paint('bold', told)}${drawn}${right === '' ? '' : GAP}${right}`;
}

/** Objects, those skipped, and errors: a line of its own, when there is something to say. */
function counts(snapshot: ProgressSnapshot, width: number, { paint }: FrameOptions): string[] {
  const [, objects] = amounts(snapshot);
  const errors = troubles(snapshot)[0];
  const texts = [...(objects === undefined ? [] : [objects]), ...skipped(snapshot)];
  if (errors !== undefined) {
    // Errors are seen, whatever else is not.
    while (texts.length > 0 && stringWidth([...texts, errors].join(GAP)) > width) texts.shift();
    return [[...texts, paint('red', cut(errors, width))].join(GAP)];
  }
  return texts.length === 0 ? [] : [cut(texts.join(GAP), width)];
}

function current({ name, size, done }: CurrentItem, width: number, options: FrameOptions): string {
  const share = size === undefined || size === 0 ? undefined : Math.min(1, done / size);
  const told = share === undefined ? '' : `${String(Math.floor(share * 100)).padStart(3)}%`;
  const amount =
    size === undefined || size === 0
      ? formatBytes(done)
      : `${formatBytes(Math.min(done, size))} of ${formatBytes(size)}`;
  if (width < 2 * BAR_MIN) return cut(`${GAP}${fit(name, width - 2, options)}`, width);
  if (width < 60) {
    return `${GAP}${pad(fit(name, width - 2 - 6, options), width - 2 - 6)}${GAP}${told}`;
  }
  const amountWidth = 'xxx.x MiB of xxx.x MiB'.length;
  const barWidth = Math.min(BAR_MAX / 2, Math.floor(width / 5));
  const nameWidth = width - 2 - 2 - barWidth - 1 - 4 - 2 - amountWidth;
  const drawn = share === undefined ? ' '.repeat(barWidth) : bar(share, barWidth, options);
  const parts = [
    `${GAP}${pad(fit(name, nameWidth, options), nameWidth)}`,
    `${drawn} ${told.padStart(4)}`,
    amount,
  ];
  return parts.join(GAP);
}

function bar(share: number, width: number, { isUnicode, paint }: FrameOptions): string {
  const full = Math.floor(share * width);
  const [ink, track] = isUnicode ? ['━', '─'] : ['#', '-'];
  return `${paint('green', ink.repeat(full))}${paint('dim', track.repeat(width - full))}`;
}

/** The end of a name tells more than its beginning. */
function fit(name: string, width: number, { isUnicode }: FrameOptions): string {
  const text = printable(name);
  if (stringWidth(text) <= width) return text;
  const sign = isUnicode ? '…' : '...';
  if (width <= sign.length) return '';
  const letters = [...text];
  let room = width - sign.length;
  let from = letters.length;
  while (from > 0) {
    const wide = stringWidth(letters[from - 1] ?? '');
    if (wide > room) break;
    room -= wide;
    from--;
  }
  return `${sign}${letters.slice(from).join('')}`;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : text.slice(0, width);
}
