import { TestCa } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';
import { infrastructureCas } from './infrastructure-ca.js';

const root = TestCa.root({ subject: 'Touchmark Root CA G1' });
const named = (subject: string, by = root): TestCa => by.issueCa({ subject });
const found = (...certificates: TestCa[]) =>
  infrastructureCas(
    certificates.map(({ certificate }) => certificate),
    [root.certificate],
  );

describe('infrastructureCas', () => {
  it('are those that the root has named so, of any brand and generation', () => {
    const [first, second] = [named('Touchmark Infrastructure CA G1'), named('Example Infrastructure CA G12')];
    expect(found(first, named('Touchmark IDevID CA G1'), second)).toEqual([first.certificate, second.certificate]);
  });

  it('are not those that have given the name to themselves, or to the key of another CA', () => {
    const idevid = named('Touchmark IDevID CA G1');
    const subject = 'Touchmark Infrastructure CA G1';
    expect(found(TestCa.root({ subject }), named(subject, idevid))).toEqual([]);
    expect(found(TestCa.root({ subject: 'Touchmark Root CA G1' }).issueCa({ subject, key: idevid.key }))).toEqual([]);
    expect(found(named('Infrastructure CA G1 of nobody'))).toEqual([]);
  });
});
