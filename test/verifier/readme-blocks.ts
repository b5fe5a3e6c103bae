import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A `ts` block of libs/verifier/README.md, under the heading that it stands below. */
export interface ReadmeBlock {
  readonly heading: string;
  /** Its import declarations, each on one line. */
  readonly imports: string;
  readonly body: string;
}

export function readmeBlocks(): readonly ReadmeBlock[] {
  const readme = readFileSync(path.join(import.meta.dirname, '../../libs/verifier/README.md'), 'utf8');
  const [, ...sections] = readme.split(/^#+ (?=.*$)/m);
  return sections.flatMap((section) => {
    const [heading = ''] = section.split('\n', 1);
    return [...section.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = '']) => {
      const lines = text.trim().split('\n');
      return {
        heading,
        imports: lines.filter(isImport).join('\n'),
        body: lines.filter((line) => !isImport(line)).join('\n'),
      };
    });
  });
}

function isImport(line: string): boolean {
  return line.startsWith('import ');
}
