import { readFileSync } from 'node:fs';
import path from 'node:path';

import ts from 'typescript';
import { describe, expect, it } from 'vitest';

import { LIMITS } from '../../libs/verifier/src/path/budget.js';

const root = path.resolve(import.meta.dirname, '../..');
const readme = readFileSync(path.join(root, 'libs/verifier/README.md'), 'utf8');
/** Every word that stands in code: between back quotes or in a block. */
const words = new Set(
  [...readme.matchAll(/```[\s\S]*?```|`[^`\n]+`/g)].flatMap(([code]) => code.match(/[\w$]+/g) ?? []),
);

const entry = path.join(root, 'libs/verifier/src/index.ts');
const program = compile();
const checker = program.getTypeChecker();
const exported = exportsOf(entry);

/** Interfaces by which a caller says what he wants. */
const OPTIONS = /(?:Options|Request|Policy|Inputs|Evidence|Tls|Terms)$/;

function compile(): ts.Program {
  const config = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file));
  const { options } = ts.parseJsonConfigFileContent(config.config, { ...ts.sys, readDirectory: () => [] }, root);
  return ts.createProgram([entry], { ...options, types: ['node'], noEmit: true });
}

function exportsOf(file: string): readonly ts.Symbol[] {
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} is no module`);
  return checker.getExportsOfModule(module).map((symbol) => {
    return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  });
}

function isValue({ flags }: ts.Symbol): boolean {
  return (flags & ts.SymbolFlags.Value) !== 0;
}

const unsaid = (names: readonly string[]): readonly string[] => names.filter((name) => !words.has(name));

describe('README of the verifier', () => {
  it('names every function, class and constant that is exported', () => {
    const values = exported.filter(isValue).map(({ name }) => name);
    expect(values.length).toBeGreaterThan(15);
    expect(unsaid(values)).toEqual([]);
  });

  it('names every member of every interface of options', () => {
    const interfaces = exported.filter(({ name, flags }) => OPTIONS.test(name) && flags & ts.SymbolFlags.Interface);
    expect(interfaces.length).toBeGreaterThan(10);
    const missing = interfaces.flatMap((symbol) => {
      const members = checker.getDeclaredTypeOfSymbol(symbol).getProperties();
      return unsaid(members.map(({ name }) => name)).map((member) => `${symbol.name}.${member}`);
    });
    expect(missing).toEqual([]);
  });

  it('says the limits that one verification has', () => {
    const rows = [...readme.matchAll(/^\| `(\w+)` \| ([\d,]+) \| .*(?:rustls|Chromium|Go)/gm)];
    const said = rows.map(([, name = '', limit = '']) => [name, Number(limit.replaceAll(',', ''))] as const);
    expect(Object.fromEntries(said)).toEqual(LIMITS);
  });
});
