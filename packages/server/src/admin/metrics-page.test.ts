/** The metrics page, made of what real threads' counters give. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { openSqliteStore } from '../catalog/sqlite/sqlite-store.testing.ts';
import { BATCH_BOUNDS, WriterMetrics } from '../catalog/sqlite/writer-metrics.ts';
import type { WriterMetricsValues } from '../catalog/sqlite/writer-metrics.ts';
import { GatewayMetrics } from './metrics.ts';
import type { GatewayMetricsValues } from './metrics.ts';
import { metricsPage } from './metrics-page.ts';

const NO_SCRUB = { blobs: 0, bytes: 0, damaged: 0, healed: 0, rounds: 0 };

const QUIET: WriterMetricsValues = {
  commits: 0,
  mutations: 0,
  commitSeconds: 0,
  batches: BATCH_BOUNDS.map(() => 0),
  walBytes: 0,
  sequence: 0,
  blobsDeleted: 0,
  blobsReserved: 0,
  stopped: false,
};

const told = (values: WriterMetricsValues) => ({ values, late: false });

const REQUEST = {
  operation: 'GetObject',
  status: 200,
  durationMs: 3,
  receivedBytes: 0,
  sentBytes: 10,
  errorCode: undefined,
};

/** As it comes from a thread. */
function collected(metrics: GatewayMetrics): GatewayMetricsValues {
  return structuredClone(metrics.read());
}

/** The page's values by series. Holds every line to Prometheus' text format, and every series to one type and one line. */
function parse(page: string): Map<string, number> {
  const series = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of page.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const [, typed, type] = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) {
      assert.ok(!types.has(typed), `${typed} is there twice`);
      types.set(typed, type);
      continue;
    }
    const [, name, labels = '', value] =
      /^(\w+)(\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? ([\d.e+-]+)$/.exec(line) ?? [];
    assert.ok(name !== undefined, `not a series: ${line}`);
    assert.ok(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, '')), `no type: ${line}`);
    assert.ok(!series.has(name + labels), `${name}${labels} is there twice`);
    series.set(name + labels, Number(value));
  }
  return series;
}

suite('what gateway threads counted', () => {
  test('is added up over all of them', async () => {
    const [one, two] = [new GatewayMetrics(), new GatewayMetrics()];
    one.request(REQUEST);
    one.request({ ...REQUEST, status: 404, sentBytes: 5, errorCode: 'NoSuchKey' });
    two.request(REQUEST);
    two.request({
      ...REQUEST,
      operation: 'PutObject',
      receivedBytes: 100,
      sentBytes: 0,
      durationMs: 200_000,
    });
    two.request({ ...REQUEST, status: 404, sentBytes: 0, errorCode: 'NoSuchKey' });
    one.inFlight = 2;
    two.inFlight = 1;
    two.connections = 7;
    const page = parse(await metricsPage([collected(one), collected(two)], told(QUIET), NO_SCRUB));
    const expected: Record<string, number> = {
      'cistern_requests_total{operation="GetObject",status="200"}': 2,
      'cistern_requests_total{operation="GetObject",status="404"}': 2,
      'cistern_requests_total{operation="PutObject",status="200"}': 1,
      'cistern_errors_total{code="NoSuchKey"}': 2,
      cistern_received_bytes_total: 100,
      cistern_sent_bytes_total: 25,
      cistern_requests_in_flight: 3,
      cistern_connections: 7,
      'cistern_request_duration_seconds_count{operation="GetObject"}': 4,
      'cistern_request_duration_seconds_bucket{le="0.002",operation="GetObject"}': 0,
      'cistern_request_duration_seconds_bucket{le="0.005",operation="GetObject"}': 4,
      'cistern_request_duration_seconds_bucket{le="120",operation="PutObject"}': 0,
      'cistern_request_duration_seconds_bucket{le="+Inf",operation="PutObject"}': 1,
      'cistern_request_duration_seconds_sum{operation="PutObject"}': 200,
    };
    for (const [series, value] of Object.entries(expected)) assert.equal(page.get(series), value, series);
  });

  test('is told anew each time, not added to what was told before', async () => {
    const metrics = new GatewayMetrics();
    metrics.request(REQUEST);
    metrics.inFlight = 5;
    await metricsPage([collected(metrics)], told(QUIET), NO_SCRUB);
    metrics.request(REQUEST);
    metrics.inFlight = 0;
    const page = parse(await metricsPage([collected(metrics)], told(QUIET), NO_SCRUB));
    assert.equal(page.get('cistern_requests_total{operation="GetObject",status="200"}'), 2);
    assert.equal(page.get('cistern_sent_bytes_total'), 20);
    assert.equal(page.get('cistern_requests_in_flight'), 0);
  });

  test('is there from the first look on, before any request', async () => {
    const page = parse(await metricsPage([collected(new GatewayMetrics())], told(QUIET), NO_SCRUB));
    for (const series of ['cistern_received_bytes_total', 'cistern_sent_bytes_total', 'cistern_connections'])
      assert.equal(page.get(series), 0, series);
  });
});

suite('what the writer counted', () => {
  test('is what a real catalog did', async (t) => {
    const { catalog, queue, reaper } = openSqliteStore(t);
    const { id } = await catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' });
    const { blob } = await catalog.reserveBlob({ scope: id, sha256: Buffer.alloc(32), length: 1 });
    const metrics = new WriterMetrics();
    const read = async (): Promise<Map<string, number>> =>
      parse(await metricsPage([], told(metrics.read(queue, reaper)), NO_SCRUB));
    let page = await read();
    assert.equal(page.get('cistern_sequence'), queue.sequence);
    assert.ok((page.get('cistern_wal_bytes') ?? 0) > 0);
    assert.equal(page.get('cistern_blobs_reserved'), 1);
    assert.equal(page.get('cistern_blobs_deleted_total'), 0);
    assert.equal(page.get('cistern_catalog_stopped'), 0);
    await catalog.releaseBlob(blob);
    while (await reaper.step());
    queue.stop(new Error('no disk'));
    page = await read();
    assert.equal(page.get('cistern_blobs_reserved'), 0);
    assert.equal(page.get('cistern_blobs_deleted_total'), 1);
    assert.equal(page.get('cistern_catalog_stopped'), 1);
  });

  test('has commits by how many mutations they carried', async (t) => {
    const { queue, reaper } = openSqliteStore(t);
    const metrics = new WriterMetrics();
    const sizes = [1, 1, 2, 3, 4, 5, 512];
    for (const mutations of sizes) metrics.commit({ mutations, durationMs: 250 });
    const page = parse(await metricsPage([], told(metrics.read(queue, reaper)), NO_SCRUB));
    assert.equal(page.get('cistern_commits_total'), sizes.length);
    assert.equal(page.get('cistern_mutations_total'), 528);
    assert.equal(page.get('cistern_commit_seconds_total'), 1.75);
    for (const bound of BATCH_BOUNDS) {
      const within = sizes.filter((size) => size <= bound).length;
      assert.equal(page.get(`cistern_commit_mutations_bucket{le="${bound}"}`), within, `${bound}`);
    }
    assert.equal(page.get('cistern_commit_mutations_bucket{le="+Inf"}'), sizes.length);
    assert.equal(page.get('cistern_commit_mutations_sum'), 528);
    assert.equal(page.get('cistern_commit_mutations_count'), sizes.length);
  });
});

test('the process tells of itself', async () => {
  const page = parse(await metricsPage([], told(QUIET), NO_SCRUB));
  assert.ok((page.get('process_resident_memory_bytes') ?? 0) > 1e6);
  assert.ok((page.get('process_cpu_seconds_total') ?? 0) > 0);
  const started = page.get('process_start_time_seconds') ?? 0;
  assert.ok(started > 1.7e9 && started <= Date.now() / 1000);
});

test('a writer that does not answer is told of, with what it told last', async () => {
  const late = parse(await metricsPage([], { values: { ...QUIET, commits: 7 }, late: true }, NO_SCRUB));
  assert.equal(late.get('cistern_writer_late'), 1);
  assert.equal(late.get('cistern_commits_total'), 7);
  const never = parse(await metricsPage([], { values: undefined, late: true }, NO_SCRUB));
  assert.equal(never.get('cistern_writer_late'), 1);
  assert.equal(never.has('cistern_commits_total'), false);
  assert.equal(parse(await metricsPage([], told(QUIET), NO_SCRUB)).get('cistern_writer_late'), 0);
});
