/** The Prometheus page: what all gateway threads counted, added up, with the writer's and the process's own series. */

import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { MetricObject } from 'prom-client';
import { BATCH_BOUNDS } from '../catalog/sqlite/writer-metrics.ts';
import type { WriterMetricsValues } from '../catalog/sqlite/writer-metrics.ts';

export async function metricsPage(
  threads: readonly MetricObject[][],
  writer: WriterMetricsValues,
): Promise<string> {
  const gateways = AggregatorRegistry.aggregate(
    threads as unknown as Parameters<typeof AggregatorRegistry.aggregate>[0],
  );
  return `${await gateways.metrics()}\n${await ownMetrics(writer)}\n${batchHistogram(writer)}`;
}

function ownMetrics(writer: WriterMetricsValues): Promise<string> {
  const registers = [new Registry()];
  const counter = (name: string, help: string, value: number): void =>
    new Counter({ name, help, registers }).inc(value);
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name, help, registers }).set(value);
  counter('cistern_commits_total', 'Transactions of the catalog that were synced.', writer.commits);
  counter('cistern_mutations_total', 'Mutations that those commits carried.', writer.mutations);
  counter('cistern_commit_seconds_total', 'Time spent in those transactions.', writer.commitSeconds);
  gauge('cistern_wal_bytes', "Size of the write-ahead log's file.", writer.walBytes);
  gauge('cistern_sequence', 'The newest sequence number.', writer.sequence);
  gauge('cistern_blobs_reserved', 'Blobs that uploads hold at this moment.', writer.blobsReserved);
  counter('cistern_blobs_deleted_total', 'Blob files that the reaper deleted.', writer.blobsDeleted);
  gauge(
    'cistern_catalog_stopped',
    '1 when the catalog has failed and takes no more writes.',
    writer.stopped ? 1 : 0,
  );
  gauge('process_resident_memory_bytes', 'Resident memory of the process.', process.memoryUsage.rss());
  const { user, system } = process.cpuUsage();
  counter('process_cpu_seconds_total', 'CPU time of the process.', (user + system) / 1e6);
  gauge('process_start_time_seconds', 'Start of the process.', Date.now() / 1000 - process.uptime());
  const [registry] = registers;
  if (registry === undefined) throw new Error('no registry');
  return registry.metrics();
}

/** Counted as numbers in the writer thread, where a histogram object would cost more than the counting. */
function batchHistogram(writer: WriterMetricsValues): string {
  const name = 'cistern_commit_mutations';
  const lines = [`# HELP ${name} Mutations that share one commit.`, `# TYPE ${name} histogram`];
  let cumulative = 0;
  for (const [i, bound] of BATCH_BOUNDS.entries()) {
    cumulative += writer.batches[i] ?? 0;
    lines.push(`${name}_bucket{le="${bound}"} ${cumulative}`);
  }
  lines.push(`${name}_bucket{le="+Inf"} ${writer.commits}`, `${name}_sum ${writer.mutations}`);
  lines.push(`${name}_count ${writer.commits}`, '');
  return lines.join('\n');
}
