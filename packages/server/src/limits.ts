/** Every limit of the gateway that is not S3's own, in one place. `cistern serve --help` names those that a user meets. */

export const LIMITS = {
  /** Bodies up to this size are stored in the catalog's database and ride on its group commit. Bytes. */
  inlineBytesMax: 64 * 1024,
  /** Request line and headers together; beyond: RequestHeaderSectionTooLarge. Bytes. */
  headerBytesMax: 32 * 1024,
  /** Lines of headers in one request. */
  headerCountMax: 512,
  /** XML bodies: the longest is a DeleteObjects of 1,000 keys of 1,024 bytes, escaped. Bytes. */
  documentBytesMax: 8 * 1024 * 1024,
  /** Open connections, per HTTP thread; more are closed at once. */
  connectionsMax: 10_000,
  /** Requests of one connection that may wait for the answer to the one before; with more it is closed. */
  pipelinedMax: 256,
  /** Idle connections are kept longer than the 60 s after which load balancers drop theirs. */
  keepAliveMs: 75_000,
  /** After so long a silence the system asks whether the other side of a connection is still there. */
  probeMs: 60_000,
  /** The same of one that has said that it sends nothing more. */
  probeEndedMs: 5_000,
  /** Such a one over TLS, where nobody can be asked, counts as gone when it was told nothing from one look to the next. */
  endedSilentMs: 60_000,
  /** From the first byte of a request to the end of its headers; also for a TLS handshake. */
  headersMs: 30_000,
  /** An unread body of a refused request is read to its end, up to this size, so that the connection can be used again. */
  discardBytesMax: 1024 * 1024,
  /** What takes longer is answered with its status before the outcome is known, if its operation has such an answer. */
  lateAfterMs: 5_000,
  /** How often such an answer goes on meanwhile. */
  lateSignMs: 10_000,
  /** How long requests in flight may go on after SIGTERM. */
  drainMs: 30_000,
  /** Memory that bodies pass through beyond one slab for each, per HTTP thread. Slabs. */
  slabsExtra: 24,
  /** Slabs that one body may have. */
  slabsPerBody: 8,
  /** Slabs that are read at once, where they are to be had: half of a body's, for while they are sent the next are read. */
  slabsPerRead: 4,
} as const;

/**
 * The rule against stalled clients: over every window a body must move at least so many bytes a second. There is no
 * limit on the whole, so that a slow but steady upload of any size goes through.
 */
export interface ThroughputRule {
  readonly bytesPerSecondMin: number;
  readonly windowMs: number;
}

export const THROUGHPUT_RULE: ThroughputRule = { bytesPerSecondMin: 1024, windowMs: 20_000 };
