/** Numbers of bytes and times as people read them. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `999 B`, `1.5 KiB`, `23 MiB`: three digits at most, and the unit that they need. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // What would be rounded up to the next unit is written in it.
  while (unit < UNITS.length - 1 && value >= 999.5) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${Number(value.toFixed(digits))} ${UNITS[unit]}`;
}

/** `1 object`, `12,345 objects`. */
export function formatCount(count: number, what: string): string {
  const digits = String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
  return `${digits} ${what}${count === 1 ? '' : 's'}`;
}

let lastSecond = Number.NaN;
let lastText = '';

/** `2026-11-21 05:54:12`, in the machine's own time zone. */
export function formatTime(time: Date): string {
  const second = Math.floor(time.getTime() / 1000);
  // What stands together in a listing was often written together.
  if (second !== lastSecond) [lastSecond, lastText] = [second, toTimeText(time)];
  return lastText;
}

function toTimeText(time: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`;
}

const TIMES = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** `0.4 s`, `58 s`, `3 min 20 s`, `2 h 5 min`: two units at most. */
export function formatDuration(seconds: number): string {
  if (seconds < 0.95) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  const first = TIMES.findIndex(([, unit]) => whole >= unit);
  const [name, unit] = TIMES[first] ?? TIMES[3];
  const count = Math.floor(whole / unit);
  const [nextName, nextUnit] = TIMES[first + 1] ?? ['', 1];
  const rest = nextName === '' ? 0 : Math.floor((whole - count * unit) / nextUnit);
  return rest === 0 ? `${count} ${name}` : `${count} ${name} ${rest} ${nextName}`;
}
