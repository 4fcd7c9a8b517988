/** Whether this Node.js can run the server: the modules that need a newer one fail to load with a message about themselves. */

const NODE_LEAST = 24;

/** @throws Error that says which Node.js is needed */
export function checkRuntime(versions: {
  readonly node: string;
  readonly sqlite?: string | undefined;
}): void {
  if (Number(versions.node.split('.', 1)[0]) >= NODE_LEAST && versions.sqlite !== undefined) return;
  throw new Error(
    `cistern needs Node.js ${NODE_LEAST} or newer with node:sqlite; this is Node.js ${versions.node}` +
      `${versions.sqlite === undefined ? ' without it' : ''}. Install a current one from https://nodejs.org.`,
  );
}
