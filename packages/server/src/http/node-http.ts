/**
 * @module Node's HTTP, not by `import`: that reads every property of the module, and those of `node:http` that stand for the
 * WebSocket client load all of Node's undici, 60 ms of processor time and 5 MB in each thread.
 */

export const http = process.getBuiltinModule('node:http');
/** Loads TLS, which most do without. */
export const https = () => process.getBuiltinModule('node:https');
