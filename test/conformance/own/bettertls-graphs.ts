import { encodeSequence, Oid } from '@touchmark/der';
import { type TestCa, type TestCertificate, type TestCertificateOptions, TEST_NOW } from '@touchmark/testkit';

import { nameConstraints } from './extensions.js';
import type { Material, OwnCase } from './own-case.js';
import { dns, leafDer, root } from './pki.js';

/** Who certifies whom. */
type Edge = readonly [issuer: string, subject: string];
type Graph = readonly Edge[];

const edges = (text: string): Graph =>
  text
    .trim()
    .split(/\s+/)
    .map((edge) => {
      const [issuer = '', subject = ''] = edge.split('>');
      return [issuer, subject];
    });

const LINE = edges('ICA>EE TA>ICA');
const TWO_ROOTS = edges('ICA>EE Root1>ICA Root2>ICA');
/** RFC 4158 figure 7. */
const SQUARE = edges('B>EE C>B A>B C>A A>C TA>C TA>A');
/** RFC 4158 figure 8: four PKIs and the bridge between them. */
const BRIDGE = edges(`
  F>H F>G G>F H>I I>H G>I W>F W>G
  J>K N>EE L>N L>M X>J X>L
  B>E B>D A>B C>B A>C C>A Y>A Y>C
  R>S O>R O>Q P>S Z>O Z>P
  W>Bridge Bridge>W X>Bridge Bridge>X Y>Bridge Bridge>Y Z>Bridge Bridge>Z`);

/** How a certificate is made invalid. */
const FLAWS: Readonly<Record<string, TestCertificateOptions>> = {
  expired: { notAfter: TEST_NOW - 1 },
  'name-constraints': { extraExtensions: [nameConstraints({ permitted: [dns('bad.example.com')] })] },
  'bad-eku': { extKeyUsage: [Oid.emailProtection] },
  'missing-basic-constraints': { basicConstraints: null },
  'not-a-ca': { basicConstraints: { cA: false } },
  // ecdsaWithSHA1
  'deprecated-crypto': { signatureAlgorithm: encodeSequence(Uint8Array.of(6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1)) },
};

interface Search {
  readonly name: string;
  readonly graph: Graph;
  readonly anchor: string;
  readonly end?: string;
  /** Certificates that do not hold. */
  readonly flawed?: Graph;
}

const SEARCHES: readonly Search[] = [
  { name: 'line', graph: LINE, anchor: 'TA' },
  { name: 'line-broken', graph: LINE, anchor: 'TA', flawed: edges('TA>ICA') },
  { name: 'line-broken-above-the-anchor', graph: LINE, anchor: 'ICA', flawed: edges('TA>ICA') },
  { name: 'first-of-two-roots', graph: TWO_ROOTS, anchor: 'Root1' },
  { name: 'second-of-two-roots', graph: TWO_ROOTS, anchor: 'Root2' },
  { name: 'other-root-broken', graph: TWO_ROOTS, anchor: 'Root1', flawed: edges('Root2>ICA') },
  { name: 'only-trusted-root-broken', graph: TWO_ROOTS, anchor: 'Root1', flawed: edges('Root1>ICA') },
  { name: 'square', graph: SQUARE, anchor: 'TA' },
  { name: 'square-one-way-left', graph: SQUARE, anchor: 'TA', flawed: edges('TA>C A>B') },
  { name: 'square-the-other-way-left', graph: SQUARE, anchor: 'TA', flawed: edges('TA>A C>B') },
  { name: 'bridge-to-d', graph: BRIDGE, anchor: 'Z', end: 'D' },
  { name: 'bridge', graph: BRIDGE, anchor: 'Z' },
  { name: 'bridge-with-a-broken-way-back', graph: BRIDGE, anchor: 'Z', flawed: edges('X>Bridge') },
  { name: 'bridge-broken-behind', graph: BRIDGE, anchor: 'Z', flawed: edges('Bridge>X') },
  { name: 'bridge-broken-before', graph: BRIDGE, anchor: 'Z', flawed: edges('Z>Bridge') },
];

/** The search for paths of BetterTLS' suite `pathbuilding`, each with each flaw. */
export const graphCases: readonly OwnCase[] = SEARCHES.flatMap((search) =>
  Object.entries(search.flawed === undefined ? { sound: {} } : FLAWS).map(([flaw, options]) => ({
    id: `bettertls::graphs::${search.name}-${flaw}`,
    expected: leads(search) ? ('SUCCESS' as const) : ('FAILURE' as const),
    build: () => certify(search, options),
  })),
);

/** Whether certificates that hold lead from the anchor to the end. */
function leads({ graph, anchor, end = 'EE', flawed = [] }: Search): boolean {
  const sound = graph.filter((edge) => !includes(flawed, edge));
  const reached = new Set([anchor]);
  for (const name of reached) for (const [issuer, subject] of sound) if (issuer === name) reached.add(subject);
  return reached.has(end);
}

function certify({ graph, anchor, end = 'EE', flawed = [] }: Search, flaw: TestCertificateOptions): Material {
  const none = { subjectAltName: null };
  const cas = new Map<string, TestCa>();
  for (const name of graph.flat()) if (!cas.has(name)) cas.set(name, root({ subject: name, ...none }));
  const caOf = (name: string): TestCa => {
    const found = cas.get(name);
    if (found === undefined) throw new Error(`${name} stands in no edge`);
    return found;
  };
  const intermediates: TestCertificate[] = [];
  let leaf: Material['leaf'] | undefined;
  for (const edge of graph) {
    const [issuer, subject] = [caOf(edge[0]), caOf(edge[1])];
    const options = includes(flawed, edge) ? flaw : {};
    if (edge[1] === end) leaf ??= leafDer(issuer, { subject: end, subjectAltName: [dns('localhost')], ...options });
    else
      intermediates.push(
        issuer.issueCa({ ...none, subject: subject.certificate.subject, key: subject.key, ...options }),
      );
  }
  if (leaf === undefined) throw new Error(`nobody certifies ${end}`);
  return { anchors: [caOf(anchor)], intermediates, leaf, server: 'localhost' };
}

function includes(graph: Graph, [issuer, subject]: Edge): boolean {
  return graph.some(([from, to]) => from === issuer && to === subject);
}
