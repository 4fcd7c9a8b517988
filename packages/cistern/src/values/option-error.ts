/** A setting that cannot be used: which, and what to do about it. Nothing has been started or written when it is thrown. */

export class OptionError extends Error {
  readonly code = 'InvalidOption';
  /** As `StartServerOptions` names it, with a dot before a part: `port`, `tls.cert`. */
  readonly option: string;
  /** A sentence that says what is right. Never has a secret in it. */
  readonly reason: string;

  constructor(option: string, reason: string) {
    super(`${option}: ${reason}`);
    this.name = 'OptionError';
    this.option = option;
    this.reason = reason;
  }
}
