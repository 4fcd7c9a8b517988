/** @module Keys that kinds of stores refuse by their documentation, by the names of the kinds. */

export const REFUSES: Readonly<Record<string, (key: string) => boolean>> = {
  // oxlint-disable-next-line no-control-regex
  azure: (key) => /\\|\.(?:\/|$)|[\u0001-\u001f\u007f]/.test(key),
  zip: (key) => /\\|^\/|^[A-Za-z]:|(?:^|\/)\.\.(?:\/|$)/.test(key),
};
