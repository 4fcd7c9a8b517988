/** A thread that cannot listen one way can be asked to do so another way: systems that cannot share a port serve with one. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { createEpochMemory } from '../catalog/epochs.ts';
import type { ServerConfig } from '../config.ts';
import { openFilledStore } from '../fsck/store.testing.ts';
import { THROUGHPUT_RULE } from '../limits.ts';
import { GatewayHandle } from './gateway-handle.ts';

function configOf(dataDir: string): ServerConfig {
  return {
    dataDir,
    blobs: null,
    host: '127.0.0.1',
    port: 0,
    threads: 1,
    domains: [],
    region: 'us-east-1',
    tls: null,
    users: [],
    buckets: [],
    logLevel: 'silent',
    throughput: THROUGHPUT_RULE,
    drainMs: 1000,
    feedRetentionMs: 1000,
    reaperIdleMs: 1000,
    storageClasses: {},
    uploadRetentionMs: 1000,
    scrub: { bytesPerSecond: 0, intervalMs: 1000 },
    livePartBytes: 65_536,
  };
}

test('after a port that cannot be had the next one can', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { directory } = openFilledStore(t);
  const { port1, port2 } = new MessageChannel();
  t.after(() => port2.close());
  const gateway = new GatewayHandle(
    { config: configOf(directory), index: 0, writer: port1, epochs: createEpochMemory(1) },
    {
      onLog: () => undefined,
      metrics: () => Promise.resolve(''),
      hashing: (port) => port.close(),
      fsck: () => undefined,
      onCrash: (error) => assert.fail(error),
    },
  );
  t.after(() => gateway.terminate());
  await assert.rejects(gateway.listen((taken.address() as AddressInfo).port, false), { code: 'EADDRINUSE' });
  const port = await gateway.listen(0, false);
  const answer = await fetch(`http://127.0.0.1:${port}/-/health/live`);
  assert.equal(answer.status, 200);
});
