/** A row of the catalog that is not what was written: the disk has changed it. Nothing of it is told to anybody. */

export class DamagedRow extends Error {
  constructor(what: string) {
    super(`the catalog is damaged: ${what} is not what was written. Run cistern fsck`);
    this.name = 'DamagedRow';
  }
}
