/**
 * What a gateway thread counts, as plain numbers: the main thread adds them up, and turns them into Prometheus series
 * when somebody asks. Labels are operation names and statuses only: no bucket, key or user, so that the page can be read
 * by whoever watches the server.
 */

/** Upper bounds of the buckets of durations, in seconds. */
export const DURATION_BOUNDS = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120,
] as const;

export interface OperationValues {
  /** Requests answered, by HTTP status. */
  readonly statuses: Map<number, number>;
  /** Of them, by how long they took: one count a bound of DURATION_BOUNDS, not cumulative, and one for those that took longer. */
  readonly durations: number[];
  seconds: number;
}

export interface GatewayMetricsValues {
  readonly operations: ReadonlyMap<string, Readonly<OperationValues>>;
  /** Errors answered, by S3's code. */
  readonly errors: ReadonlyMap<string, number>;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly inFlight: number;
  readonly connections: number;
}

export class GatewayMetrics {
  inFlight = 0;
  connections = 0;
  #received = 0;
  #sent = 0;
  readonly #operations = new Map<string, OperationValues>();
  readonly #errors = new Map<string, number>();

  request(entry: {
    operation: string;
    status: number;
    durationMs: number;
    receivedBytes: number;
    sentBytes: number;
    errorCode: string | undefined;
  }): void {
    const { operation, status, durationMs, errorCode } = entry;
    let values = this.#operations.get(operation);
    if (values === undefined) this.#operations.set(operation, (values = noRequests()));
    values.statuses.set(status, (values.statuses.get(status) ?? 0) + 1);
    const seconds = durationMs / 1000;
    values.seconds += seconds;
    const bound = boundOf(seconds);
    values.durations[bound] = (values.durations[bound] ?? 0) + 1;
    this.#received += entry.receivedBytes;
    this.#sent += entry.sentBytes;
    if (errorCode !== undefined) this.#errors.set(errorCode, (this.#errors.get(errorCode) ?? 0) + 1);
  }

  /** As they are now: to be sent, or copied. */
  read(): GatewayMetricsValues {
    return {
      operations: this.#operations,
      errors: this.#errors,
      receivedBytes: this.#received,
      sentBytes: this.#sent,
      inFlight: this.inFlight,
      connections: this.connections,
    };
  }
}

export function noRequests(): OperationValues {
  return {
    statuses: new Map(),
    durations: Array.from({ length: DURATION_BOUNDS.length + 1 }, () => 0),
    seconds: 0,
  };
}

/** Most requests are short: from the least bound on. */
function boundOf(seconds: number): number {
  let bound = 0;
  while (bound < DURATION_BOUNDS.length && seconds > (DURATION_BOUNDS[bound] as number)) bound++;
  return bound;
}
