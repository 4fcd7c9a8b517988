/**
 * The Prometheus page: what all gateway threads counted, added up, with the writer's and the process's own series. Loaded
 * when it is asked for: prom-client takes a tenth of the time that the server needs to start.
 */

import { Counter, Gauge, Registry } from 'prom-client';
import { BATCH_BOUNDS } from '../catalog/sqlite/writer-metrics.ts';
import type { WriterMetricsValues } from '../catalog/sqlite/writer-metrics.ts';
import type { ScrubCounts } from '../threads/scrub-handle.ts';
import type { WriterMetricsRead } from '../threads/writer-handle.ts';
import { DURATION_BOUNDS, noRequests } from './metrics.ts';
import type { GatewayMetricsValues, OperationValues } from './metrics.ts';

export async function metricsPage(
  threads: readonly GatewayMetricsValues[],
  { values: writer, late }: WriterMetricsRead,
  scrub: Readonly<ScrubCounts>,
): Promise<string> {
  const operations = addOperations(threads);
  return [
    await requestMetrics(threads, operations),
    durationHistograms(operations),
    await ownMetrics(late, scrub),
    ...(writer === undefined ? [] : [await writerMetrics(writer), batchHistogram(writer)]),
  ].join('\n');
}

function addOperations(threads: readonly GatewayMetricsValues[]): ReadonlyMap<string, OperationValues> {
  const sums = new Map<string, OperationValues>();
  for (const thread of threads) {
    for (const [operation, values] of thread.operations) {
      const sum = sums.get(operation) ?? noRequests();
      sums.set(operation, sum);
      for (const [status, count] of values.statuses)
        sum.statuses.set(status, (sum.statuses.get(status) ?? 0) + count);
      for (const [i, count] of values.durations.entries()) sum.durations[i] = (sum.durations[i] ?? 0) + count;
      sum.seconds += values.seconds;
    }
  }
  return sums;
}

function requestMetrics(
  threads: readonly GatewayMetricsValues[],
  operations: ReadonlyMap<string, OperationValues>,
): Promise<string> {
  const { registry, counter, gauge } = newSeries();
  const registers = [registry];
  const requests = new Counter({
    name: 'cistern_requests_total',
    help: 'Requests answered, by S3 operation and HTTP status.',
    labelNames: ['operation', 'status'],
    registers,
  });
  for (const [operation, { statuses }] of operations)
    for (const [status, count] of statuses) requests.inc({ operation, status }, count);
  const errors = new Counter({
    name: 'cistern_errors_total',
    help: 'Errors answered, by S3 error code.',
    labelNames: ['code'],
    registers,
  });
  for (const thread of threads) for (const [code, count] of thread.errors) errors.inc({ code }, count);
  const sum = (value: (thread: GatewayMetricsValues) => number): number =>
    threads.reduce((total, thread) => total + value(thread), 0);
  counter(
    'cistern_received_bytes_total',
    'Bytes of request bodies received.',
    sum((thread) => thread.receivedBytes),
  );
  counter(
    'cistern_sent_bytes_total',
    'Bytes of response bodies sent.',
    sum((thread) => thread.sentBytes),
  );
  gauge(
    'cistern_requests_in_flight',
    'Requests being answered.',
    sum((thread) => thread.inFlight),
  );
  gauge(
    'cistern_connections',
    'Open client connections.',
    sum((thread) => thread.connections),
  );
  return registry.metrics();
}

function durationHistograms(operations: ReadonlyMap<string, OperationValues>): string {
  const name = 'cistern_request_duration_seconds';
  const series = [...operations].map(([operation, { durations, seconds }]) => ({
    labels: `operation="${operation}"`,
    counts: durations,
    sum: seconds,
  }));
  const help = 'From the end of the request headers to the end of the answer, by S3 operation.';
  return histogram({ name, help, bounds: DURATION_BOUNDS, series });
}

function writerMetrics(writer: WriterMetricsValues): Promise<string> {
  const { registry, counter, gauge } = newSeries();
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
  return registry.metrics();
}

function ownMetrics(late: boolean, scrub: Readonly<ScrubCounts>): Promise<string> {
  const { registry, counter, gauge } = newSeries();
  gauge(
    'cistern_writer_late',
    "1 when the catalog's writer has not answered within a second: its series are those of an earlier moment.",
    late ? 1 : 0,
  );
  counter('cistern_scrub_blobs_total', 'Blobs that the scrub has read.', scrub.blobs);
  counter('cistern_scrub_bytes_total', 'Bytes of those blobs.', scrub.bytes);
  counter('cistern_scrub_rounds_total', 'Rounds of the scrub that came to their end.', scrub.rounds);
  counter('cistern_scrub_damaged_total', 'Blobs that the scrub has found damaged.', scrub.damaged);
  counter('cistern_scrub_healed_total', 'Damaged blobs that it has found whole again.', scrub.healed);
  gauge('process_resident_memory_bytes', 'Resident memory of the process.', process.memoryUsage.rss());
  const { user, system } = process.cpuUsage();
  counter('process_cpu_seconds_total', 'CPU time of the process.', (user + system) / 1e6);
  gauge('process_start_time_seconds', 'Start of the process.', Date.now() / 1000 - process.uptime());
  return registry.metrics();
}

type Series = (name: string, help: string, value: number) => void;

function newSeries(): { registry: Registry; counter: Series; gauge: Series } {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    counter: (name, help, value) => new Counter({ name, help, registers }).inc(value),
    gauge: (name, help, value) => new Gauge({ name, help, registers }).set(value),
  };
}

function batchHistogram({ batches, mutations }: WriterMetricsValues): string {
  const name = 'cistern_commit_mutations';
  const series = [{ labels: '', counts: batches, sum: mutations }];
  return histogram({ name, help: 'Mutations that share one commit.', bounds: BATCH_BOUNDS, series });
}

interface HistogramValues {
  readonly name: string;
  readonly help: string;
  readonly bounds: readonly number[];
  /** Of each: one count a bound, not cumulative; what is beyond the last one may follow. */
  readonly series: readonly {
    readonly labels: string;
    readonly counts: readonly number[];
    readonly sum: number;
  }[];
}

/** prom-client's histograms take observations one by one, and cannot be given what was counted elsewhere. */
function histogram({ name, help, bounds, series }: HistogramValues): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  for (const { labels, counts, sum } of series) {
    const more = labels === '' ? '' : `,${labels}`;
    const own = labels === '' ? '' : `{${labels}}`;
    let cumulative = 0;
    for (const [i, bound] of bounds.entries()) {
      cumulative += counts[i] ?? 0;
      lines.push(`${name}_bucket{le="${bound}"${more}} ${cumulative}`);
    }
    const total = counts.reduce((all, count) => all + count, 0);
    lines.push(
      `${name}_bucket{le="+Inf"${more}} ${total}`,
      `${name}_sum${own} ${sum}`,
      `${name}_count${own} ${total}`,
    );
  }
  lines.push('');
  return lines.join('\n');
}
