/**
 * `npm run prove -- NAME…`: runs a slice of each proof that is named (or of a whole group), and adds what it counted to
 * `docs/proof/slices.jsonl` and `docs/proof.md`.
 *
 *   --for TIME        how long each runs: 90s, 10m (default), 2h
 *   --units N         or until so many units of its first aim are done
 *   --seed S          the choices of an earlier slice again; default: any, and printed
 *   --set NAME=VALUE  what a proof has to choose besides; may be repeated
 *   --no-record       write nothing to docs/
 *   --list            the proofs there are, with their aims
 *   --render          write the totals of the slices recorded so far into docs/proof.md, and run nothing
 *
 * The exit code is 1 when there was a violation. Ctrl-C ends the slice in order: what it did counts.
 */

import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { renderPage } from './ledger.ts';
import type { ProofEntry } from './proof.ts';
import { runSlice } from './run-slice.ts';
import { PROOFS } from './table.ts';

// Proofs start servers, threads and processes again and again; the command line keeps their compiled code there, too.
process.env['NODE_COMPILE_CACHE'] ??= join(homedir(), '.cache', 'cistern', 'compiled');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    for: { type: 'string', default: '10m' },
    units: { type: 'string' },
    seed: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
    'no-record': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    render: { type: 'boolean', default: false },
  },
});

if (values.list) {
  for (const entry of PROOFS) console.log(await describe(entry));
} else if (values.render) {
  console.log(
    renderPage(PROOFS, { write: true }) ? 'docs/proof.md is written' : 'docs/proof.md is as it should be',
  );
} else {
  const chosen = choose(positionals);
  for (const entry of chosen) {
    const passed = await runSlice(entry, {
      seconds: parseTime(values.for),
      units: values.units === undefined ? undefined : wholeNumber('units', values.units),
      seed: values.seed,
      settings: new Map(values.set.map(parseSetting)),
      record: !values['no-record'],
    });
    if (!passed) process.exitCode = 1;
  }
  if (!values['no-record']) renderPage(PROOFS, { write: true });
}

// What is still open by a mistake must not keep it from ending.
process.exit();

function choose(names: readonly string[]): ProofEntry[] {
  // `npm run prove:faults -- kill` names the group, too: the narrower word counts.
  const groups = names.filter((name) => PROOFS.some(({ group }) => group === name));
  const single = names.filter(
    (name) => !groups.includes(name) || PROOFS.some((proof) => proof.name === name),
  );
  const unknown = single.filter((name) => !PROOFS.some((proof) => proof.name === name));
  if (names.length === 0 || unknown.length > 0) {
    const known = PROOFS.map(({ name }) => name).join(', ');
    throw new Error(
      `Say which proof: ${known}${unknown.length > 0 ? `; there is no ${unknown.join(', ')}` : ''}`,
    );
  }
  return PROOFS.filter(({ name, group }) =>
    single.length > 0 ? single.includes(name) : groups.includes(group),
  );
}

async function describe({ name, group, shows, load }: ProofEntry): Promise<string> {
  const { aims, needs } = await load();
  const told = Object.entries(aims).map(([unit, aim]) => `${aim.toLocaleString('en-US')} ${unit}`);
  const missing = typeof needs === 'string' ? `\n  cannot run here: ${needs}` : '';
  return `${name} (group ${group}): ${shows}\n  aim: ${told.join(', ')}${missing}`;
}

function parseTime(text: string): number {
  const [, amount, unit] = /^(\d+)([smh])$/.exec(text) ?? [];
  if (amount === undefined) throw new Error(`--for takes a time such as 90s, 10m or 2h, not ${text}`);
  return Number(amount) * (unit === 'h' ? 3600 : unit === 'm' ? 60 : 1);
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`--${name} takes a whole number, not ${text}`);
  return Number(text);
}

function parseSetting(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`--set takes NAME=VALUE, not ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
