/**
 * What a gateway thread counts. Labels are operation names and statuses only: no bucket, key or user, so that the page
 * can be read by whoever watches the server.
 */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Every request counts, and prom-client's counters look at each label: these are numbers until the page is asked for. */
export class GatewayMetrics {
  readonly registry = new Registry();
  inFlight = 0;
  connections = 0;
  #received = 0;
  #sent = 0;
  readonly #requests = new Map<string, Map<number, number>>();
  readonly #errors = new Map<string, number>();
  readonly #duration = new Histogram({
    name: 'cistern_request_duration_seconds',
    help: 'From the end of the request headers to the end of the answer, by S3 operation.',
    labelNames: ['operation'] as const,
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120],
    registers: [this.registry],
  });

  constructor() {
    this.#count(
      'cistern_requests_total',
      'Requests answered, by S3 operation and HTTP status.',
      ['operation', 'status'],
      (counter) => {
        for (const [operation, statuses] of this.#requests)
          for (const [status, count] of statuses) counter.inc({ operation, status }, count);
      },
    );
    this.#count('cistern_errors_total', 'Errors answered, by S3 error code.', ['code'], (counter) => {
      for (const [code, count] of this.#errors) counter.inc({ code }, count);
    });
    this.#count('cistern_received_bytes_total', 'Bytes of request bodies received.', [], (counter) =>
      counter.inc(this.#received),
    );
    this.#count('cistern_sent_bytes_total', 'Bytes of response bodies sent.', [], (counter) =>
      counter.inc(this.#sent),
    );
    this.#level('cistern_requests_in_flight', 'Requests being answered.', () => this.inFlight);
    this.#level('cistern_connections', 'Open client connections.', () => this.connections);
  }

  #count(name: string, help: string, labelNames: string[], fill: (counter: Counter) => void): void {
    const collect = function collect(this: Counter): void {
      this.reset();
      fill(this);
    };
    this.registry.registerMetric(new Counter({ name, help, labelNames, registers: [], collect }));
  }

  #level(name: string, help: string, value: () => number): void {
    const collect = function collect(this: Gauge): void {
      this.set(value());
    };
    this.registry.registerMetric(new Gauge({ name, help, registers: [], collect }));
  }

  request(entry: {
    operation: string;
    status: number;
    durationMs: number;
    receivedBytes: number;
    sentBytes: number;
    errorCode: string | undefined;
  }): void {
    const { operation, status, errorCode } = entry;
    let statuses = this.#requests.get(operation);
    if (statuses === undefined) this.#requests.set(operation, (statuses = new Map<number, number>()));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    this.#duration.observe({ operation }, entry.durationMs / 1000);
    this.#received += entry.receivedBytes;
    this.#sent += entry.sentBytes;
    if (errorCode !== undefined) this.#errors.set(errorCode, (this.#errors.get(errorCode) ?? 0) + 1);
  }
}
