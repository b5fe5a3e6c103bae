/**
 * What only a `Verifier` that follows a feed needs of Node.js, loaded when it is first used: TLS and files take longer to load than
 * the whole rest of the package, and who imports it for `verifyPath` needs neither.
 */
export const builtins = {
  get https(): typeof import('node:https') {
    return process.getBuiltinModule('node:https');
  },
  get tls(): typeof import('node:tls') {
    return process.getBuiltinModule('node:tls');
  },
  get files(): typeof import('node:fs/promises') {
    return process.getBuiltinModule('node:fs/promises');
  },
};
