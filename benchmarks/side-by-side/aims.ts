/**
 * @module What ours is to reach beside peers on two cores, and whether it did.
 *
 * A rate is held against the best peer of the run, and one without errors. Where the aim depends on durability, peers
 * that sync and peers that do not are held against aims of their own.
 */

import type { AimResult } from '../aims.ts';
import { formatCount, formatMilliseconds } from '../units.ts';
import { bestOf, rateOf, type Reached } from './medians.ts';
import { reachedOn, type SideBySideResult } from './result.ts';

const START_MS_MAX = 400;
const PEAK_BYTES_MAX = 200e6;

interface Aim {
  row: string;
  /** ours to the best peer, at least */
  ratio: number;
  /** only peers that do, or that do not, sync before they answer */
  syncs?: boolean;
}

const AIMS: readonly Aim[] = [
  { row: 'PUT 4 KiB x64', ratio: 5, syncs: true },
  { row: 'PUT 4 KiB x64', ratio: 3, syncs: false },
  { row: 'GET 4 KiB x64', ratio: 3 },
  { row: 'HEAD 4 KiB x64', ratio: 3 },
  { row: 'DELETE 4 KiB x64', ratio: 5 },
  { row: 'LIST 10,000 flat', ratio: 5 },
  ...['64 MiB x1', '64 MiB x4', '1 GiB x1', '1 GiB x4'].flatMap((size) => [
    { row: `PUT ${size}`, ratio: 1 },
    { row: `GET ${size}`, ratio: 1 },
  ]),
  { row: '100 uploads of 16 MiB at once', ratio: 1 },
];

export function judgeSideBySide(result: SideBySideResult): AimResult[] {
  return [...AIMS.map((aim) => judgeRate(result, aim)), ...judgePeak(result), judgeStart(result)];
}

function judgeRate(result: SideBySideResult, { row, ratio, syncs }: Aim): AimResult {
  const among = syncs === undefined ? 'the best peer' : `the best that ${syncs ? 'syncs' : 'does not sync'}`;
  const aim = `${row}: at least ${ratio}x ${among}`;
  const { own, peers } = reachedOn(result, row);
  const best = bestOf(peers.filter((peer) => syncs === undefined || peer.syncs === syncs));
  if (own === undefined || best === undefined) return { aim, measured: '', verdict: 'not measured' };
  const reached = ratioOf(own, best);
  const met = reached >= ratio && own.row.errors === 0;
  return { aim, measured: `${reached.toFixed(2)}x ${best.name}`, verdict: met ? 'met' : 'MISSED' };
}

function ratioOf(own: Reached, peer: Reached): number {
  return rateOf(own.row) / rateOf(peer.row);
}

function judgePeak({ contenders: [own, ...peers] }: SideBySideResult): AimResult[] {
  const peak = own?.peakRssBytes;
  // Who left rows out has not needed what they take.
  const whole = peers.filter(({ medians }) => medians.length >= (own?.medians.length ?? 0));
  const least = whole
    .filter(({ peakRssBytes }) => peakRssBytes !== undefined)
    .toSorted((a, b) => (a.peakRssBytes ?? 0) - (b.peakRssBytes ?? 0))[0];
  const absolute = `peak memory of all rows: at most ${formatCount(PEAK_BYTES_MAX / 1e6)} MB`;
  const relative = 'peak memory of all rows: at most that of the least peer';
  if (peak === undefined) return [unknown(absolute), unknown(relative)];
  const ratio = peak / (least?.peakRssBytes ?? Number.NaN);
  return [
    {
      aim: absolute,
      measured: `${formatCount(peak / 1e6)} MB`,
      verdict: peak <= PEAK_BYTES_MAX ? 'met' : 'MISSED',
    },
    least === undefined
      ? unknown(relative)
      : {
          aim: relative,
          measured: `${ratio.toFixed(2)}x ${least.name}`,
          verdict: ratio <= 1 ? 'met' : 'MISSED',
        },
  ];
}

function judgeStart({ contenders: [own] }: SideBySideResult): AimResult {
  const aim = `start to first answer: at most ${START_MS_MAX} ms`;
  const start = own?.startMilliseconds;
  if (start === undefined) return unknown(aim);
  const verdict = start <= START_MS_MAX ? 'met' : 'MISSED';
  return { aim, measured: `${formatMilliseconds(start)} ms`, verdict };
}

function unknown(aim: string): AimResult {
  return { aim, measured: '', verdict: 'not measured' };
}
