/**
 * @module Streams large objects with curl: one process a stream, or all at once in one process.
 */

import { spawn } from 'node:child_process';

export interface Transfer {
  method: 'PUT' | 'GET';
  /** presigned */
  url: string;
  /** what to send, for PUT */
  file?: string;
}

export interface CurlResult {
  seconds: number;
  /** bytes of the bodies that arrived with a status of 2xx */
  bytes: number;
  /** milliseconds, one a transfer */
  latencies: number[];
  errors: number;
  /** the first failure, as curl or the server's status tells it */
  failure: string | undefined;
}

/** Each stream is a curl process of its own that does its transfers one after another. */
export async function curlStreams(streams: readonly (readonly Transfer[])[]): Promise<CurlResult> {
  return combine(() => Promise.all(streams.map((transfers) => runCurl([], transfers))));
}

/** One curl process that does all transfers at the same time. */
export async function curlAtOnce(transfers: readonly Transfer[]): Promise<CurlResult> {
  const parallel = ['--parallel', '--parallel-immediate', '--parallel-max', String(transfers.length)];
  return combine(async () => [await runCurl(parallel, transfers)]);
}

async function combine(run: () => Promise<TransferReport[][]>): Promise<CurlResult> {
  const start = performance.now();
  const reports = (await run()).flat();
  const seconds = (performance.now() - start) / 1000;
  const failed = reports.filter((report) => report.status < 200 || report.status >= 300);
  const bad = failed[0];
  return {
    seconds,
    bytes: reports.reduce((sum, report) => sum + (failed.includes(report) ? 0 : report.bytes), 0),
    latencies: reports.map((report) => report.milliseconds),
    errors: failed.length,
    failure: bad && `status ${bad.status} ${bad.message}`.trim(),
  };
}

interface TransferReport {
  status: number;
  milliseconds: number;
  bytes: number;
  message: string;
}

function runCurl(options: readonly string[], transfers: readonly Transfer[]): Promise<TransferReport[]> {
  return new Promise((resolve, reject) => {
    const child = spawn('curl', ['--disable', ...options, '--config', '-'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      const reports = parseReports(output);
      if (reports.length === transfers.length) resolve(reports);
      else
        reject(new Error(`curl reported ${reports.length} of ${transfers.length} transfers, code ${code}`));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(transfers.map(configOf).join('next\n'));
  });
}

// curl(1): options of one transfer end at `next`. Expect is left out because a server that does not answer it would
// be charged curl's second of waiting.
function configOf(transfer: Transfer): string {
  const lines = [
    'silent',
    'insecure',
    `url = "${transfer.url}"`,
    'output = "/dev/null"',
    'write-out = "=%{http_code}\\t%{time_total}\\t%{size_upload}\\t%{size_download}\\t%{errormsg}\\n"',
  ];
  if (transfer.file !== undefined) lines.push(`upload-file = "${transfer.file}"`, 'header = "Expect:"');
  return `${lines.join('\n')}\n`;
}

function parseReports(output: string): TransferReport[] {
  const lines = output.split('\n').filter((line) => line.startsWith('='));
  return lines.map((line) => {
    const [status, seconds, up, down, message] = line.slice(1).split('\t');
    return {
      status: Number(status),
      milliseconds: Number(seconds) * 1000,
      bytes: Math.max(Number(up), Number(down)),
      message: message ?? '',
    };
  });
}
