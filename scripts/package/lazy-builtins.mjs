/** What the package calls of modules of Node.js that take longer to load than all of the package. */
const NAMES = {
  'node:crypto': { functions: ['createPublicKey', 'hash', 'sign', 'verify'], constants: ['RSA_PKCS1_PSS_PADDING'] },
  'node:net': { functions: ['isIPv4', 'isIPv6'], constants: [] },
  'node:path': { functions: ['join'], constants: [] },
};

const PREFIX = '\0lazy:';

/**
 * Loads those modules at the first call instead of at import: who imports the package at start pays for them when a certificate comes.
 * A name that is not listed fails the build.
 */
export function lazyBuiltins() {
  return {
    name: 'lazy-builtins',
    resolveId: {
      order: 'pre',
      handler: (id, importer) =>
        id in NAMES && !importer?.endsWith('.d.ts') ? { id: PREFIX + id, moduleSideEffects: false } : undefined,
    },
    load: (id) => (id.startsWith(PREFIX) ? moduleFor(id.slice(PREFIX.length)) : undefined),
  };
}

function moduleFor(name) {
  const { functions, constants } = NAMES[name];
  return [
    'let loaded;',
    `const load = () => (loaded ??= process.getBuiltinModule('${name}'));`,
    ...functions.map((f) => `export const ${f} = (...given) => load().${f}(...given);`),
    `export const constants = { ${constants.map((c) => `get ${c}() { return load().constants.${c}; }`).join(', ')} };`,
  ].join('\n');
}
