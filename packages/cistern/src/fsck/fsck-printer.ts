/** What a check says: problems as they are found, how far it is on a terminal, and a summary at the end. */

import type { Counts, FsckEvent, FsckReport, Problem } from '@cistern/server';

interface Output {
  write(text: string): unknown;
}

export interface FsckPrinterOptions {
  /** One document at the end, and nothing before. */
  readonly json: boolean;
  readonly out: Output;
  /** For progress; undefined: nobody looks. */
  readonly terminal: Output | undefined;
}

const CLEAR_LINE = '\r\u001B[K';

export class FsckPrinter {
  readonly #options: FsckPrinterOptions;

  constructor(options: FsckPrinterOptions) {
    this.#options = options;
  }

  event(event: FsckEvent): void {
    const { json, out, terminal } = this.#options;
    if (event.type === 'progress') terminal?.write(`${CLEAR_LINE}${event.phase}: ${progress(event.checked)}`);
    if (event.type !== 'problem' || json) return;
    this.clear();
    out.write(`${problemLine(event.problem)}\n`);
  }

  /** Takes the line of progress away. */
  clear(): void {
    this.#options.terminal?.write(CLEAR_LINE);
  }

  report(report: FsckReport, where: string): void {
    this.clear();
    const { json, out } = this.#options;
    out.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : summary(report, where));
  }
}

function progress({ versions, blobs, files, bytesHashed }: Readonly<Counts>): string {
  return [
    count(versions, 'version'),
    count(blobs, 'blob'),
    `${formatBytes(bytesHashed)} hashed`,
    count(files, 'file'),
  ].join(', ');
}

function problemLine({ kind, message, bucket, key, version, upload, ...rest }: Problem): string {
  const { manifest, blob, snapshot, path } = rest;
  const named = [
    bucket,
    // Quoted, for it may hold what a terminal obeys.
    key === undefined ? undefined : JSON.stringify(key),
    version === undefined ? undefined : `version ${version}`,
    upload === undefined ? undefined : `upload ${upload}`,
    snapshot === undefined ? undefined : `snapshot ${snapshot}`,
    manifest === undefined ? undefined : `manifest ${manifest}`,
    blob === undefined ? undefined : `blob ${blob}`,
    path === undefined ? undefined : JSON.stringify(path),
  ].filter((part) => part !== undefined);
  return [kind, ...named].join(' ') + `: ${message}`;
}

function summary(report: FsckReport, where: string): string {
  const { checked, awaiting, skipped, problemCount, problems, durationMs, quick } = report;
  const lines = [
    '',
    problemCount === 0
      ? `Checked ${where} in ${seconds(durationMs)}: nothing is wrong.`
      : `Checked ${where} in ${seconds(durationMs)}: ${count(problemCount, 'problem')}.`,
    '',
    `  ${count(checked.buckets, 'bucket')}, ${count(checked.snapshots, 'snapshot')}, ` +
      `${count(checked.versions, 'version')}, ${count(checked.uploads, 'open upload')}`,
    `  ${count(checked.blobs, 'blob')} in ${count(checked.manifests, 'manifest')}, ${count(checked.files, 'file')}, ` +
      (quick ? 'no bytes read' : `${formatBytes(checked.bytesHashed)} hashed`),
  ];
  const waiting = [
    [awaiting.versions, 'retired version'],
    [awaiting.uploads, 'upload'],
    [awaiting.manifests, 'manifest'],
    [awaiting.blobs, 'blob'],
    [awaiting.temporaryFiles, 'temporary file'],
  ] as const;
  const due = waiting.filter(([number]) => number > 0).map(([number, what]) => count(number, what));
  if (due.length > 0) lines.push(`  To be deleted by the server, which is no problem: ${due.join(', ')}`);
  if (problemCount > problems.length) lines.push(`  Only the first ${problems.length} problems are listed.`);
  for (const reason of skipped) lines.push(`  Not checked: ${reason}`);
  return `${lines.join('\n')}\n`;
}

function count(number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}
