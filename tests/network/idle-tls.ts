/** @module Idle connections to a server with TLS: some that never shake hands, some that have and say nothing. */

import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';

import { makeCertificate } from '../clients/certificate.ts';
import { eventually } from '../support/eventually.ts';
import { launchServer } from '../support/server-process.ts';
import type { Round } from './rounds.ts';

const BATCH = 100;
const DESCRIPTORS_SLACK = 12;

/** Resolves to how many there were. */
export async function idleTls({ random, violation, small }: Round): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'cistern-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = makeCertificate();
  await writeFile(cert, made.cert);
  await writeFile(key, made.key);
  const tls = ['--threads', '1', '--tls-cert', cert, '--tls-key', key];
  const server = await launchServer({ dataDir: join(folder, 'data'), arguments: tls });
  const descriptors = async (): Promise<number> => (await readdir(`/proc/${server.child.pid}/fd`)).length;
  try {
    const { port } = new URL(server.endpoint);
    if (!(await isServed(port))) violation('idle TLS: nobody is served over TLS');
    const before = await descriptors();
    const count = small ? 60 : 3000;
    const sockets: Socket[] = [];
    while (sockets.length < count)
      sockets.push(...(await Promise.all(Array.from({ length: BATCH }, () => open(port, random.oneIn(10))))));
    if (!(await isServed(port)))
      violation(`idle TLS: with ${sockets.length} idle connections nobody else is served`);
    for (const socket of sockets) socket.destroy();
    await eventually(async () => {
      const left = (await descriptors()) - before - DESCRIPTORS_SLACK;
      if (left > 0) throw new Error(`${left} descriptors are left`);
    }).catch((error: unknown) => violation(`idle TLS: ${String(error)}`));
    return sockets.length;
  } finally {
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function open(port: string, shakesHands: boolean): Promise<Socket> {
  const options = { host: '127.0.0.1', port: Number(port), rejectUnauthorized: false };
  const socket = shakesHands ? connectTls(options) : connect(options);
  socket.on('error', () => undefined).resume();
  const event = shakesHands ? 'secureConnect' : 'connect';
  await Promise.race([once(socket, event), once(socket, 'close')]);
  return socket;
}

async function isServed(port: string): Promise<boolean> {
  const socket = await open(port, true);
  socket.write('GET /-/health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString('latin1').startsWith('HTTP/1.1 200');
}
