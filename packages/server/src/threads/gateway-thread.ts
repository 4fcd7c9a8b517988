/**
 * A gateway thread: an HTTP server with a reading connection of its own. A worker entry: it loads, waits for `listen`
 * (the writer must have prepared the database by then), and serves until `close`.
 */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { loadChecksums } from '@cistern/protocol';
import { AdminApi } from '../admin/api.ts';
import { GatewayMetrics } from '../admin/metrics.ts';
import type { GatewayMetricsValues } from '../admin/metrics.ts';
import { DiskWatch, touchDurably } from '../admin/disk-watch.ts';
import { AdminPages } from '../admin/pages.ts';
import { BlobTiers } from '../blobs/blob-tiers.ts';
import { Md5Hasher } from '../blobs/ingest/md5.ts';
import { SlabPool } from '../blobs/ingest/slab-pool.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { EpochReader } from '../catalog/epochs.ts';
import type { EpochMemory } from '../catalog/epochs.ts';
import { DATABASE_FILE, openReader } from '../catalog/sqlite/connection.ts';
import { SqliteCatalog } from '../catalog/sqlite/sqlite-catalog.ts';
import { WriterClient } from '../catalog/sqlite/writer-client.ts';
import type { ServerConfig } from '../config.ts';
import { Gateway } from '../http/gateway.ts';
import { objectLocator } from '../http/object-location.ts';
import { listen } from '../http/listener.ts';
import type { Listener } from '../http/listener.ts';
import { ThroughputGuard } from '../http/throughput-guard.ts';
import { LIMITS } from '../limits.ts';
import { createLogger } from './thread-logger.ts';

export interface GatewayData {
  readonly config: ServerConfig;
  readonly index: number;
  readonly writer: MessagePort;
  readonly epochs: EpochMemory;
}

/** From the main thread. */
export type GatewayCommand =
  | { readonly kind: 'listen'; readonly port: number; readonly reusePort: boolean }
  | { readonly kind: 'not-ready'; readonly reason: string }
  | { readonly kind: 'collect'; readonly id: number }
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string }
  | { readonly kind: 'no-metrics'; readonly id: number; readonly reason: string }
  | { readonly kind: 'close' };

/** To the main thread. */
export type GatewayEvent =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | undefined }
  | { readonly kind: 'log'; readonly lines: string }
  | { readonly kind: 'collected'; readonly id: number; readonly metrics: GatewayMetricsValues }
  | { readonly kind: 'metrics-wanted'; readonly id: number }
  | { readonly kind: 'hashing-wanted'; readonly port: MessagePort }
  | { readonly kind: 'fsck-wanted'; readonly port: MessagePort; readonly quick: boolean }
  | { readonly kind: 'closed' };

/** Blobs that a thread remembers to have told the catalog of. */
const DAMAGED_KEPT = 1000;

function main(parent: MessagePort, data: GatewayData): void {
  const { config, index } = data;
  const tell = (event: GatewayEvent, transfer: MessagePort[] = []): void =>
    parent.postMessage(event, transfer);
  const logger = createLogger(config.logLevel, (lines) => tell({ kind: 'log', lines }));
  const metrics = new GatewayMetrics();
  const checksums = loadChecksums();
  let reason: string | undefined;
  let listener: Listener | undefined;
  const pages = new Map<number, Pick<PromiseWithResolvers<string>, 'resolve' | 'reject'>>();
  let nextPage = 0;
  const hasher = new Md5Hasher((port) => tell({ kind: 'hashing-wanted', port }, [port]));

  let catalog: Catalog | undefined;
  const noted = new Set<number>();
  const blobs = new BlobTiers({
    ...config,
    reader: { index, count: config.threads },
    checksOf: async (blob, blocks) => {
      if (catalog === undefined) throw new Error('nothing is read before the server listens');
      return catalog.blobChecks(blob, blocks);
    },
    onDamage: (blob, how) => {
      // Each once: the next look of the scrub says whether it is so still.
      if (noted.has(blob) || noted.size === DAMAGED_KEPT) return;
      noted.add(blob);
      void catalog?.noteDamage(blob, how).catch(() => undefined);
    },
  });

  const start = async (port: number, reusePort: boolean): Promise<void> => {
    await checksums;
    const writer = new WriterClient(data.writer);
    catalog = new SqliteCatalog({
      db: openReader(join(config.dataDir, DATABASE_FILE)),
      writer,
      epochs: new EpochReader(data.epochs, index),
    });
    const services = {
      catalog,
      blobs,
      slabs: new SlabPool({ extra: LIMITS.slabsExtra, perUser: LIMITS.slabsPerBody }),
      hasher,
      guard: new ThroughputGuard(config.throughput),
      region: config.region,
      livePartBytes: config.livePartBytes,
      locate: objectLocator(config),
      now: Date.now,
      failStop: (cause: unknown) => writer.stop(String(cause)),
    };
    const disk = new DiskWatch(() => touchDurably(config.dataDir));
    const admin = new AdminPages({
      notReady: async () => reason ?? (await disk.trouble()) ?? reason,
      metrics: () =>
        new Promise((resolve, reject) => {
          const id = nextPage++;
          pages.set(id, { resolve, reject });
          tell({ kind: 'metrics-wanted', id });
        }),
    });
    const api = new AdminApi({
      damage: () => services.catalog.damage(),
      startFsck: (asker, quick) => tell({ kind: 'fsck-wanted', port: asker, quick }, [asker]),
    });
    const gateway = new Gateway({
      services,
      users: new Map(config.users.map((user) => [user.accessKeyId, user])),
      domains: config.domains,
      admin,
      api,
      logger,
      metrics,
      idPrefix: randomBytes(4).toString('hex').toUpperCase(),
    });
    const { bytesPerSecondMin, windowMs } = config.throughput;
    listener = await listen({
      host: config.host,
      port,
      tls: config.tls,
      reusePort,
      gateway,
      metrics,
      stalledMs: bytesPerSecondMin === 0 ? 0 : windowMs,
    });
    tell({ kind: 'listening', port: listener.port });
  };

  parent.on('message', (command: GatewayCommand) => {
    switch (command.kind) {
      case 'listen':
        start(command.port, command.reusePort).catch((error: NodeJS.ErrnoException) => {
          tell({ kind: 'failed', message: error.message, code: error.code });
        });
        break;
      case 'not-ready':
        reason = command.reason;
        break;
      case 'collect':
        tell({ kind: 'collected', id: command.id, metrics: metrics.read() });
        break;
      case 'metrics':
        pages.get(command.id)?.resolve(command.text);
        pages.delete(command.id);
        break;
      case 'no-metrics':
        pages.get(command.id)?.reject(new Error(`The metrics could not be told: ${command.reason}`));
        pages.delete(command.id);
        break;
      case 'close':
        void (listener?.close(config.drainMs) ?? Promise.resolve()).then(async () => {
          await blobs.close();
          hasher.close();
          logger.flush();
          tell({ kind: 'closed' });
        });
        break;
    }
  });
}

if (parentPort !== null) main(parentPort, workerData as GatewayData);
