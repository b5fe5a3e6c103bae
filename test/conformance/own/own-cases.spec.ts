import path from 'node:path';

import { expect, it } from 'vitest';

import { readExceptions } from '../exceptions.js';
import { limboCases } from '../limbo.js';
import { runSuite } from '../report.js';
import { limboCaseOf } from './own-case.js';
import { ownCases } from './own-cases.js';

const exceptions = readExceptions(path.join(import.meta.dirname, '../exceptions.json'));
const own = ownCases();
const cases = limboCases(own.map(limboCaseOf)).map((testCase) => {
  const outcome = testCase.judge();
  return { ...testCase, judge: () => outcome };
});

it('our own cases agree, or differ as declared', () => {
  const { lines, tally } = runSuite({ name: 'own', cases }, exceptions);
  expect(lines.filter((line) => !line.startsWith('declared'))).toEqual([]);
  expect(tally).toMatchObject({ suite: 'own', disagree: 0, unsupported: 0 });
  expect(tally.agree).toBeGreaterThan(250);
});

it('each is refused for what is wrong with it', () => {
  const codes = cases.flatMap((testCase) => {
    const outcome = testCase.judge();
    return outcome.answer === 'FAILURE' ? [`${testCase.id} ${outcome.code}`] : [];
  });
  const named = own.flatMap(({ id, code }) => (code === undefined ? [] : [`${id} ${code}`]));
  expect(codes.filter((line) => !line.startsWith('bettertls'))).toEqual(named);
});
