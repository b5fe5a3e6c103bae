// For `node --import`: runs our TypeScript as it lies, compiled while it is loaded with the options of the build, so that no build
// can be stale.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';

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

registerHooks({
  resolve(specifier, context, next) {
    const alias = aliases.get(specifier);
    if (alias !== undefined) return { url: alias, format: 'module', shortCircuit: true };
    const ours = specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts');
    return ours ? next(`${specifier.slice(0, -3)}.ts`, context) : next(specifier, context);
  },
  load(url, context, next) {
    if (!url.endsWith('.ts')) return next(url, context);
    const filename = fileURLToPath(url);
    const { code } = transformSync(readFileSync(filename, 'utf8'), { ...options, filename });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
