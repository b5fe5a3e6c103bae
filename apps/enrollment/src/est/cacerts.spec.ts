import type { AuthorityDescription } from '@touchmark/ca-port';
import { parseCertsOnly } from '@touchmark/est';
import { TestCa } from '@touchmark/testkit';
import { describe, expect, it } from 'vitest';
import { Authorities } from './authorities.js';
import { CaCerts } from './cacerts.js';

const root = TestCa.root();
const kinds = ['root', 'idevid', 'ldevid', 'infrastructure'] as const;
const described: AuthorityDescription[] = kinds.map((kind) => ({
  id: kind,
  kind,
  certificate: kind === 'root' ? root.der : root.issueCa({ subject: kind }).der,
}));
const hex = (der: Uint8Array | undefined): string => Buffer.from(der ?? []).toString('hex');

describe('CaCerts', () => {
  it('the root and the CA that EST issues from, and no other', async () => {
    const caCerts = new CaCerts(new Authorities({ describeAuthorities: () => Promise.resolve(described) }, () => 0));
    const { der } = await caCerts.run();
    const expected = described
      .filter(({ kind }) => kind === 'root' || kind === 'ldevid')
      .map((one) => hex(one.certificate));
    expect(parseCertsOnly(der).map(hex).toSorted()).toEqual(expected.toSorted());
  });

  it('another LDevID CA: another version', async () => {
    const world = { now: 0, described };
    const describeAuthorities = () => Promise.resolve(world.described);
    const caCerts = new CaCerts(new Authorities({ describeAuthorities }, () => world.now));
    const before = await caCerts.run();
    expect(await caCerts.run()).toBe(before);
    world.now += 60;
    world.described = [...described, { id: 'g2', kind: 'ldevid', certificate: root.issueCa({ subject: 'g2' }).der }];
    expect((await caCerts.run()).version).not.toBe(before.version);
  });
});
