import { cpSync } from 'node:fs';
import path from 'node:path';
import { build } from 'tsdown';
import { asciiModule } from './ascii-module.mjs';
import { constantObjects } from './constant-objects.mjs';
import { lazyBuiltins } from './lazy-builtins.mjs';
import { privateNames } from './private-names.mjs';
import { publicTypes } from './public-types.mjs';

/**
 * Puts together in `folder` what is published: one minified module and one declaration of types, in which the libraries that the
 * verifier stands on are inlined, beside manifest, README and license.
 */
export async function buildVerifier(root, folder) {
  const source = path.join(root, 'libs/verifier');
  await build({
    config: false,
    cwd: root,
    entry: { index: path.join(source, 'src/index.ts') },
    outDir: folder,
    clean: true,
    tsconfig: 'tsconfig.json',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: { compress: true, mangle: true, mangleProps: { include: exactly(privateNames(root)) } },
    dts: true,
    plugins: [lazyBuiltins(), constantObjects(root), publicTypes(), asciiModule()],
    logLevel: 'warn',
    report: false,
  });
  for (const file of ['package.json', 'README.md']) cpSync(path.join(source, file), path.join(folder, file));
  cpSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'));
}

function exactly(names) {
  return new RegExp(`^(?:${names.join('|')})$`);
}
