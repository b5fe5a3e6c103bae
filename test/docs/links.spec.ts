import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const foreign = (name: string): boolean => ['node_modules', 'dist', '.touchmark', '.git'].includes(name);
const find = (...patterns: string[]): string[] => globSync(patterns, { cwd: root, exclude: foreign });

const documents = find('**/*.md');
const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'));

/** What a page says outside of its code. */
const prose = (file: string): string => read(file).replaceAll(/^```[\s\S]*?^```$/gm, '');

/** Anchors that GitHub makes of the headings of a page. */
function anchorsOf(file: string): Set<string> {
  const headings = [...prose(file).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Why a relative link leads nowhere; undefined where it does. */
function fault(file: string, target: string): string | undefined {
  const [where = '', anchor] = target.split('#');
  const found = where === '' ? file : path.join(path.dirname(file), where);
  if (!existsSync(path.join(root, found))) return `${file}: ${target}`;
  if (anchor === undefined || anchorsOf(found).has(anchor)) return undefined;
  return `${file}: ${target} (no such heading)`;
}

describe('the documents', () => {
  it('link to files and headings that are there', () => {
    const links = documents.flatMap((file) =>
      [...prose(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ file, target })),
    );
    const relative = links.filter(({ target }) => !/^[a-z]+:/.test(target));
    expect(relative.length).toBeGreaterThan(20);
    expect(relative.flatMap(({ file, target }) => fault(file, target) ?? [])).toEqual([]);
  });

  it('name npm scripts that are there', () => {
    const named = documents.flatMap((file) => [...read(file).matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => name !== undefined && !(name in scripts))).toEqual([]);
  });

  it('name benchmarks that are there', () => {
    const list = read('bench/run.ts');
    const named = documents.flatMap((file) =>
      [...read(file).matchAll(/npm run bench -- ([\w-]+)/g)].map(([, name]) => name),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => name !== undefined && !list.includes(`import('./${name}.js')`))).toEqual([]);
  });

  it('are there where the code names them', () => {
    const sources = find('{apps,libs,bench,scripts,migrations,test}/**/*.{ts,mjs}');
    const named = sources.flatMap((file) => [...read(file).matchAll(/\bdocs\/[\w/.-]+\.md\b/g)].map(([name]) => name));
    expect(named.length).toBeGreaterThan(5);
    expect([...new Set(named)].filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
  });
});
