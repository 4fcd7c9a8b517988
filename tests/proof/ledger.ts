/**
 * @module The ledger of proofs: a line of JSON for each slice that was run, and their totals as a table in `docs/proof.md`.
 */

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { ProofEntry } from './proof.ts';

const SLICES = fileURLToPath(new URL('../../docs/proof/slices.jsonl', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/proof.md', import.meta.url));
const BEGIN = '<!-- totals: written by npm run prove -->';
const END = '<!-- end of totals -->';

export interface RecordedSlice {
  readonly proof: string;
  /** ISO date. */
  readonly on: string;
  /** Of the code that ran; with `+` after it where files were not committed. */
  readonly commit: string;
  readonly seed: string;
  readonly seconds: number;
  readonly aims: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly violations: number;
}

export function readSlices(): RecordedSlice[] {
  const lines = readFileSync(SLICES, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RecordedSlice);
}

export function recordSlice(slice: RecordedSlice): void {
  appendFileSync(SLICES, `${JSON.stringify(slice)}\n`);
}

/** Brings the totals into the page. @returns whether they were others before */
export function renderPage(table: readonly ProofEntry[], { write }: { readonly write: boolean }): boolean {
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.lastIndexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no place for totals`);
  const rendered = `${page.slice(0, begin + BEGIN.length)}\n\n${totals(table, readSlices())}\n\n${page.slice(end)}`;
  if (rendered === page) return false;
  if (write) writeFileSync(PAGE, rendered);
  return true;
}

/** A Markdown table: a row for each proof, what was counted of what is aimed at, and what else was counted. */
export function totals(table: readonly ProofEntry[], slices: readonly RecordedSlice[]): string {
  const rows = table.map((entry) => {
    const own = slices.filter(({ proof }) => proof === entry.name);
    return `| \`${entry.name}\` | ${entry.shows} | ${counted(own)} | ${violationsOf(own)} | ${effort(own)} |`;
  });
  return [
    '| proof | what it shows | counted (of the aim) | violations | slices |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function counted(slices: readonly RecordedSlice[]): string {
  const aims = slices.at(-1)?.aims ?? {};
  const sums = new Map<string, number>(Object.keys(aims).map((name) => [name, 0]));
  for (const { counts } of slices)
    for (const [name, by] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + by);
  const told = [...sums].map(([name, sum]) => {
    const aim = aims[name];
    return aim === undefined ? `${figure(sum)} ${name}` : `**${figure(sum)}** of ${figure(aim)} ${name}`;
  });
  return told.join(', ') || 'not run';
}

function violationsOf(slices: readonly RecordedSlice[]): string {
  if (slices.length === 0) return '';
  return String(slices.reduce((sum, { violations }) => sum + violations, 0));
}

function effort(slices: readonly RecordedSlice[]): string {
  const last = slices.at(-1);
  if (last === undefined) return '';
  const hours = slices.reduce((sum, { seconds }) => sum + seconds, 0) / 3600;
  return `${slices.length}, ${hours.toFixed(1)} h, last ${last.on} at ${last.commit}`;
}

function figure(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
