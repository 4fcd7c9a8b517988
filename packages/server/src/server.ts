/**
 * The server as a whole: starts the writer thread and the HTTP threads over a data directory that is locked already, and
 * ends them in order. It runs in the main thread and touches neither requests nor data.
 */

import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { CatalogError } from './catalog/errors.ts';
import { createEpochMemory } from './catalog/epochs.ts';
import { WriterClient } from './catalog/sqlite/writer-client.ts';
import type { ServerConfig } from './config.ts';
import type { DataDirectory } from './data-directory.ts';
import { FsckHandle } from './threads/fsck-handle.ts';
import { GatewayHandle } from './threads/gateway-handle.ts';
import { HashHandle, SHARING } from './threads/hash-handle.ts';
import { ScrubHandle } from './threads/scrub-handle.ts';
import { createLogger } from './threads/thread-logger.ts';
import { WriterHandle } from './threads/writer-handle.ts';

export interface RunningServer {
  readonly port: number;
  /** HTTP threads that serve. */
  readonly threads: number;
  /** Takes no new connections, lets requests in flight finish (bounded), closes the catalog. Idempotent. */
  close(): Promise<void>;
}

export interface ServerHandlers {
  /** Structured log lines, each ended by a line feed. */
  readonly onLog: (lines: string) => void;
  /** A thread has died of a fault: the process should end, and be started again. */
  readonly onCrash: (error: Error) => void;
}

/**
 * @param directory that of `config.dataDir`, locked; given up by `close`
 *
 * Rejects when the catalog is of a newer format or the port cannot be had; nothing runs then, and the directory stays
 * locked.
 */
export async function runServer(
  config: ServerConfig,
  directory: DataDirectory,
  handlers: ServerHandlers,
): Promise<RunningServer> {
  const logger = createLogger(config.logLevel, handlers.onLog);
  const { log } = logger;
  const epochs = createEpochMemory(config.threads);
  const gateways: GatewayHandle[] = [];
  let closing: Promise<void> | undefined;

  const stopped = (message: string): void => {
    log.fatal({ cause: message }, 'the catalog has stopped: no write is acknowledged until a restart');
    for (const gateway of gateways) gateway.notReady('the catalog has stopped; look at the disk and restart');
  };
  const onCrash = (error: Error): void => {
    log.fatal({ err: error }, 'a thread has died');
    logger.flush();
    if (closing === undefined) handlers.onCrash(error);
  };
  const writer = new WriterHandle(config, epochs, {
    onStopped: stopped,
    onError: (message) => log.error({ cause: message }, 'background work failed'),
    onCrash,
  });
  const scrub = new ScrubHandle({
    config,
    connect: () => {
      const { port1, port2 } = new MessageChannel();
      writer.connect(port2);
      return port1;
    },
    onDamage: ({ blob, reason, objects }) =>
      log.error({ blob, reason, objects }, 'a stored blob is damaged: see cistern fsck, and upload it again'),
    onHealed: (blob) => log.error({ blob }, 'a blob that was damaged is whole again'),
    onError: (message) => log.error({ cause: message }, 'the scrub could not read'),
  });
  const metrics = async (): Promise<string> => {
    const { metricsPage } = await import('./admin/metrics-page.ts');
    return metricsPage(
      await Promise.all(gateways.map((gateway) => gateway.collect())),
      await writer.metrics(),
      scrub.counts,
    );
  };
  const fsck = new FsckHandle(config, (error) => log.error({ err: error }, 'a check has failed'));
  const hashing = Array.from(
    { length: Math.ceil(config.threads / SHARING) },
    () =>
      new HashHandle({
        onRefused: (cause) => log.error({ err: cause }, 'a hashing thread could not be started'),
        onCrash,
      }),
  );
  // The threads load while the writer prepares the database.
  for (let index = 0; index < config.threads; index++) {
    const { port1, port2 } = new MessageChannel();
    writer.connect(port2);
    gateways.push(
      new GatewayHandle(
        { config, index, writer: port1, epochs },
        {
          onLog: handlers.onLog,
          metrics,
          hashing: (port) => hashing[index % hashing.length]?.connect(port),
          fsck: (port, quick) => fsck.start(port, quick),
          onCrash,
        },
      ),
    );
  }

  const abandon = async (): Promise<void> => {
    await scrub.close();
    await Promise.all([...gateways.map((gateway) => gateway.terminate()), writer.terminate()]);
    await Promise.all(hashing.map((thread) => thread.close()));
  };
  try {
    await writer.ready;
    await createBuckets(config, writer);
    const { port, threads } = await listenAll(config, gateways);
    scrub.start();
    return {
      port,
      threads,
      close: () =>
        (closing ??= (async () => {
          for (const gateway of gateways) gateway.notReady('the server is shutting down');
          await fsck.close();
          await scrub.close();
          await Promise.all(gateways.map((gateway) => gateway.close()));
          await Promise.all(hashing.map((thread) => thread.close()));
          await writer.close();
          logger.flush();
          directory.close();
        })()),
    };
  } catch (error) {
    await abandon();
    throw error;
  }
}

/** Buckets that the configuration asks for; they belong to root. One that somebody else owns is left alone. */
async function createBuckets(config: ServerConfig, writer: WriterHandle): Promise<void> {
  if (config.buckets.length === 0) return;
  const root = config.users.find((user) => user.root);
  if (root === undefined) throw new Error('there is no root user');
  const { port1, port2 } = new MessageChannel();
  writer.connect(port2);
  const client = new WriterClient(port1);
  try {
    for (const name of config.buckets) {
      await client
        .write('createBucket', { name, owner: root.name, region: config.region })
        .catch((error: unknown) => {
          if (CatalogError.is(error) && (error.code === 'BucketOwnedByYou' || error.code === 'BucketExists'))
            return;
          throw error;
        });
    }
  } finally {
    port1.close();
  }
}

/**
 * One thread binds the port itself. Several share it: an exclusive bind first proves it free, since another server
 * that shares its port, too, would go unnoticed otherwise. Where the system cannot share ports one thread serves.
 */
async function listenAll(
  config: ServerConfig,
  gateways: GatewayHandle[],
): Promise<{ port: number; threads: number }> {
  const [first, ...others] = gateways;
  if (first === undefined) throw new Error('at least one HTTP thread is needed');
  if (others.length === 0) return { port: await first.listen(config.port, false), threads: 1 };
  const port = await provePort(config.host, config.port);
  // All at once: each opens the database and loads what it needs for HTTP.
  const outcomes = await Promise.allSettled(gateways.map((gateway) => gateway.listen(port, true)));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed === undefined) return { port, threads: gateways.length };
  if ((failed.reason as NodeJS.ErrnoException).code !== 'ENOTSUP') throw failed.reason;
  for (const gateway of gateways.splice(1)) await gateway.terminate();
  await first.listen(port, false);
  return { port, threads: 1 };
}

function provePort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ host, port, exclusive: true }, () => {
      const { port: bound } = probe.address() as AddressInfo;
      probe.close(() => resolve(bound));
    });
  });
}
