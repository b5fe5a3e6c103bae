// For `node --import`: runs our TypeScript as it lies, compiled while it is loaded with the options of the build, so that no build
// can be stale.
//
// Nearly all that such a start costs is compiling, so what was compiled is kept in node_modules/.cache: our own code by the hash of
// its text and of how it was compiled, what V8 makes of it and of packages in Node.js' own cache.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire, enableCompileCache, registerHooks } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');
const { paths } = JSON.parse(readFileSync(path.join(root, 'tsconfig.json'), 'utf8')).compilerOptions;
const aliases = new Map(
  Object.entries(paths).map(([name, [file]]) => [name, pathToFileURL(path.resolve(root, file)).href]),
);

// what `nest build` with the swc builder makes of tsconfig.json
const options = {
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'es6' },
  jsc: {
    target: 'es2021',
    parser: { syntax: 'typescript', decorators: true, dynamicImport: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    keepClassNames: true,
  },
};

const require = createRequire(import.meta.url);
const cache = path.join(root, 'node_modules', '.cache', 'touchmark');
const compiler = [require('@swc/core/package.json').version, options];
mkdirSync(path.join(cache, 'typescript'), { recursive: true });
enableCompileCache(path.join(cache, 'v8'));

/** The compiled text of a file; its name counts too, for it stands in the source map. */
function compiled(filename) {
  const text = readFileSync(filename, 'utf8');
  const key = createHash('sha256')
    .update(JSON.stringify([compiler, filename, text]))
    .digest('hex');
  const kept = path.join(cache, 'typescript', `${key}.mjs`);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    const { code } = require('@swc/core').transformSync(text, { ...options, filename });
    // by renaming: whoever is killed while writing leaves no half of a file
    const temporary = `${kept}.${process.pid}`;
    writeFileSync(temporary, code);
    renameSync(temporary, kept);
    return code;
  }
}

registerHooks({
  resolve(specifier, context, next) {
    const alias = aliases.get(specifier);
    if (alias !== undefined) return { url: alias, format: 'module', shortCircuit: true };
    const ours = specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts');
    return ours ? next(`${specifier.slice(0, -3)}.ts`, context) : next(specifier, context);
  },
  load(url, context, next) {
    if (!url.endsWith('.ts')) return next(url, context);
    return { format: 'module', source: compiled(fileURLToPath(url)), shortCircuit: true };
  },
});
