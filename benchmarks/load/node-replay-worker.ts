/**
 * @module The worker thread of node-replay.ts: raw sockets, each with one request in flight.
 */

import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';
import { ResponseReader } from './response-reader.ts';

export interface WorkerTask {
  endpoint: string;
  requestsPath: string;
  bodyPath: string | undefined;
  method: string;
  nonce: string;
  connections: number;
  milliseconds: number;
  once: boolean;
}

export interface WorkerReport {
  /** milliseconds, one an answer */
  latencies: Float64Array;
  errors: number;
  seconds: number;
  issued: number;
}

// A server that refuses every connection would otherwise keep the run going for ever.
const MAX_CONNECTION_ERRORS = 1000;

const task = workerData as WorkerTask;
const endpoint = new URL(task.endpoint);
const heads = readHeads(task.requestsPath);
const bodyStart = task.bodyPath === undefined ? undefined : readFileSync(task.bodyPath).subarray(0, -20);
const latencies: number[] = [];
let errors = 0;
let connectionErrors = 0;
let issued = 0;
let open = 0;
const start = performance.now();
const deadline = start + task.milliseconds;

for (let index = 0; index < task.connections; index++) replayOn(undefined);

/** One connection's life; `retry` is the request that a broken connection left unanswered. */
function replayOn(retry: number | undefined): void {
  open++;
  const socket = openSocket();
  const reader = new ResponseReader(task.method === 'HEAD');
  let current = retry;
  let sentAt = 0;

  const next = () => {
    current ??= takeRequest();
    if (current === undefined) {
      socket.destroy();
      return;
    }
    sentAt = performance.now();
    send(socket, current);
  };
  socket.on('connect', next);
  socket.on('data', (chunk: Buffer) => {
    if (!reader.push(chunk)) return;
    latencies.push(performance.now() - sentAt);
    if (reader.status >= 300) errors++;
    current = undefined;
    if (reader.closes) socket.destroy();
    else next();
  });
  socket.on('error', () => {
    errors++;
    connectionErrors++;
  });
  socket.on('close', () => {
    open--;
    const more = current !== undefined || mayTake();
    if (more && connectionErrors < MAX_CONNECTION_ERRORS) replayOn(current);
    else if (open === 0) report();
  });
}

function openSocket(): Socket {
  const port = Number(endpoint.port || (endpoint.protocol === 'https:' ? 443 : 80));
  const host = endpoint.hostname.replace(/^\[|\]$/g, '');
  const socket =
    endpoint.protocol === 'https:'
      ? connectTls({ host, port, servername: host, rejectUnauthorized: false })
      : connectTcp({ host, port });
  return socket.setNoDelay(true);
}

function mayTake(): boolean {
  return task.once ? issued < heads.length : performance.now() < deadline;
}

function takeRequest(): number | undefined {
  return mayTake() ? issued++ : undefined;
}

function send(socket: Socket, request: number): void {
  const head = heads[request % heads.length] ?? '';
  if (bodyStart === undefined) {
    socket.write(head, 'latin1');
    return;
  }
  // As in wrk.lua: twenty bytes at the end that no other body has.
  socket.cork();
  socket.write(head, 'latin1');
  socket.write(bodyStart);
  socket.write(task.nonce + request.toString(16).padStart(8, '0'), 'latin1');
  socket.uncork();
}

function readHeads(path: string): string[] {
  const parts = readFileSync(path, 'latin1').split('\r\n\r\n');
  parts.pop();
  return parts.map((part) => `${part}\r\n\r\n`);
}

function report(): void {
  const result: WorkerReport = {
    latencies: Float64Array.from(latencies),
    errors,
    seconds: (performance.now() - start) / 1000,
    issued,
  };
  parentPort?.postMessage(result, [result.latencies.buffer as ArrayBuffer]);
}
