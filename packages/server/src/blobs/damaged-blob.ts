/** What is stored is not what was written: found by whoever reads a blob, and told to nobody as bytes. */

export class DamagedBlob extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`a blob is damaged: ${reason}`, options);
    this.name = 'DamagedBlob';
  }
}
