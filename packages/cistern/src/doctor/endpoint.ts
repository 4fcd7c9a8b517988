/** Whether a service can be reached, step by step: its name, a connection, its certificate, an answer, its clock. Sends no keys. */

import { lookup } from 'node:dns/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { explain } from '../failures/explain.ts';
import { clockAheadMs, StoreError } from '@cistern/store/errors';
import { ok, problem, warning } from './finding.ts';
import type { CheckName, Finding } from './finding.ts';

/** A step that takes longer is one that fails. */
const STEP_MS_MAX = 10_000;
/** Services refuse what is further away than 15 minutes. */
const CLOCK_WARN_MS = 60_000;
const CLOCK_MS_MAX = 15 * 60_000;

/** Ends with the first step that fails. */
export async function* checkEndpoint(endpoint: string, signal: AbortSignal): AsyncGenerator<Finding> {
  const url = new URL(endpoint);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const ended = AbortSignal.any([signal, AbortSignal.timeout(3 * STEP_MS_MAX)]);
  const step = async (check: CheckName, act: () => Promise<string>): Promise<Finding> => {
    try {
      return ok(check, await act());
    } catch (error) {
      const code = /^(?:Abort|Timeout)Error$/.test((error as Error).name) ? 'Timeout' : 'Unavailable';
      const { message, advice } = await explain(
        new StoreError(code, (error as Error).message, { cause: error, where: { endpoint } }),
      );
      return problem(check, message, advice);
    }
  };
  const steps: (readonly [CheckName, () => Promise<string>])[] = [
    ['name', () => resolveName(host)],
    ['connection', () => openConnection(host, port, endpoint)],
  ];
  if (url.protocol === 'https:') steps.push(['certificate', () => checkCertificate(host, port)]);
  for (const [check, act] of steps) {
    const finding = await step(check, act);
    yield finding;
    if (finding.status === 'problem') return;
  }
  let date: string | undefined;
  yield await step('answer', async () => {
    const answer = await ask(url, ended);
    ({ date } = answer.headers);
    const server = answer.headers.server;
    return `It answers${typeof server === 'string' ? `, and calls itself ${server}` : ''}`;
  });
  const ahead = clockAheadMs(date);
  if (ahead !== undefined) yield clockFinding(ahead);
}

async function resolveName(host: string): Promise<string> {
  const addresses = await lookup(host, { all: true });
  return `${host} is ${addresses.map(({ address }) => address).join(', ')}`;
}

async function openConnection(host: string, port: number, endpoint: string): Promise<string> {
  const socket = connect({ host, port, autoSelectFamily: true });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(STEP_MS_MAX) });
  } finally {
    socket.destroy();
  }
  return `${endpoint} takes connections`;
}

async function checkCertificate(host: string, port: number): Promise<string> {
  const socket = connectTls({ host, port, ...(/[a-z]/i.test(host) && { servername: host }) });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(STEP_MS_MAX) });
    return `It is trusted, and valid until ${new Date(socket.getPeerCertificate().valid_to).toISOString().slice(0, 10)}`;
  } finally {
    socket.destroy();
  }
}

async function ask(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? requestTls : request;
  const asked = send(url, { method: 'GET', signal });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  // Whatever it says: who is not known is refused.
  answer.destroy();
  return answer;
}

function clockFinding(aheadMs: number): Finding {
  const off = Math.abs(aheadMs);
  const seconds = Math.round(off / 1000);
  if (off < CLOCK_WARN_MS) return ok('clock', 'It agrees with that of the service');
  const text = `It is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} that of the service`;
  const advice = 'Set the clock; timedatectl set-ntp true keeps it right where systemd runs.';
  return off < CLOCK_MS_MAX
    ? warning('clock', text, advice)
    : problem('clock', `${text}: requests are refused`, advice);
}
