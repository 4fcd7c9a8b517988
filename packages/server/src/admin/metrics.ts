/**
 * What a gateway thread counts. Labels are operation names and statuses only: no bucket, key or user, so that the page
 * can be read by whoever watches the server.
 */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export class GatewayMetrics {
  readonly registry = new Registry();
  readonly #requests = new Counter({
    name: 'cistern_requests_total',
    help: 'Requests answered, by S3 operation and HTTP status.',
    labelNames: ['operation', 'status'] as const,
    registers: [this.registry],
  });
  readonly #duration = new Histogram({
    name: 'cistern_request_duration_seconds',
    help: 'From the end of the request headers to the end of the answer, by S3 operation.',
    labelNames: ['operation'] as const,
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120],
    registers: [this.registry],
  });
  readonly #received = new Counter({
    name: 'cistern_received_bytes_total',
    help: 'Bytes of request bodies received.',
    registers: [this.registry],
  });
  readonly #sent = new Counter({
    name: 'cistern_sent_bytes_total',
    help: 'Bytes of response bodies sent.',
    registers: [this.registry],
  });
  readonly #errors = new Counter({
    name: 'cistern_errors_total',
    help: 'Errors answered, by S3 error code.',
    labelNames: ['code'] as const,
    registers: [this.registry],
  });
  readonly inFlight = new Gauge({
    name: 'cistern_requests_in_flight',
    help: 'Requests being answered.',
    registers: [this.registry],
  });
  readonly connections = new Gauge({
    name: 'cistern_connections',
    help: 'Open client connections.',
    registers: [this.registry],
  });

  request(entry: {
    operation: string;
    status: number;
    durationMs: number;
    receivedBytes: number;
    sentBytes: number;
    errorCode: string | undefined;
  }): void {
    this.#requests.inc({ operation: entry.operation, status: entry.status });
    this.#duration.observe({ operation: entry.operation }, entry.durationMs / 1000);
    if (entry.receivedBytes > 0) this.#received.inc(entry.receivedBytes);
    if (entry.sentBytes > 0) this.#sent.inc(entry.sentBytes);
    if (entry.errorCode !== undefined) this.#errors.inc({ code: entry.errorCode });
  }
}
