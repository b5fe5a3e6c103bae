import { Oid } from '@touchmark/der';
import { type TestCa } from '@touchmark/testkit';
import { encodeName } from '@touchmark/x509';

import { nameConstraints } from './extensions.js';
import type { Material, OwnCase } from './own-case.js';
import { dns, ica, ip, leaf, root } from './pki.js';

/** Nothing, what fits the name that is asked for, or what does not. */
type Value = 'none' | 'valid' | 'invalid';
type Kind = 'dns' | 'ip';

const VALUES: readonly Value[] = ['none', 'valid', 'invalid'];
const KINDS: readonly Kind[] = ['dns', 'ip'];
const TEXT = {
  dns: { none: '', valid: 'test.localhost', invalid: 'bad.example.com' },
  ip: { none: '', valid: '127.0.0.1', invalid: '1.1.1.1' },
} as const;

const NAME = {
  dns: { none: [], valid: [dns(TEXT.dns.valid)], invalid: [dns(TEXT.dns.invalid)] },
  ip: { none: [], valid: [ip(127, 0, 0, 1)], invalid: [ip(1, 1, 1, 1)] },
} as const;
const SUBTREE = {
  dns: { none: [], valid: [dns('localhost')], invalid: [dns('example.com')] },
  ip: { none: [], valid: [ip(127, 0, 0, 0, 255, 255, 255, 0)], invalid: [ip(1, 1, 1, 0, 255, 255, 255, 0)] },
} as const;

/** The names of an end entity, what its issuer's constraints say of them, and which of the two is asked for. */
interface Combination {
  readonly asked: Kind;
  readonly commonName: { readonly kind: Kind; readonly value: Value };
  readonly names: Readonly<Record<Kind, Value>>;
  readonly permitted: Readonly<Record<Kind, Value>>;
  readonly excluded: Readonly<Record<Kind, Value>>;
}

const pairs = VALUES.flatMap((first) =>
  VALUES.map((second): Readonly<Record<Kind, Value>> => ({ dns: first, ip: second })),
);

/** Every combination that there is: 8,748. */
function* combinations(): Generator<Combination> {
  for (const asked of KINDS) {
    for (const kind of KINDS) {
      for (const value of VALUES) {
        for (const names of pairs) {
          for (const permitted of pairs) {
            for (const excluded of pairs) yield { asked, commonName: { kind, value }, names, permitted, excluded };
          }
        }
      }
    }
  }
}

/** A commonName is nobody's name (RFC 9525 6.4.4): neither asked for nor constrained. */
function holds({ asked, names, permitted, excluded }: Combination): boolean {
  const withinConstraints = KINDS.every((kind) => {
    const value = names[kind];
    return value === 'none' || ((permitted[kind] === 'none' || permitted[kind] === value) && excluded[kind] !== value);
  });
  return names[asked] === 'valid' && withinConstraints;
}

const anchor = root({ subjectAltName: null });
const issuers = new Map<string, TestCa>();

/** An issuer for each set of constraints, the same for all end entities below. */
function issuerOf({ permitted, excluded }: Combination): TestCa {
  const key = JSON.stringify([permitted, excluded]);
  const made = issuers.get(key);
  if (made !== undefined) return made;
  const subtrees = (which: Combination['permitted']): (typeof SUBTREE)[Kind][Value][number][] =>
    KINDS.flatMap((kind) => [...SUBTREE[kind][which[kind]]]);
  const lists = { permitted: subtrees(permitted), excluded: subtrees(excluded) };
  const isEmpty = lists.permitted.length === 0 && lists.excluded.length === 0;
  const present = {
    ...(lists.permitted.length === 0 ? {} : { permitted: lists.permitted }),
    ...(lists.excluded.length === 0 ? {} : { excluded: lists.excluded }),
  };
  const issuer = ica(anchor, { subjectAltName: null, extraExtensions: isEmpty ? [] : [nameConstraints(present)] });
  issuers.set(key, issuer);
  return issuer;
}

function certify(combination: Combination): Material {
  const { asked, commonName, names } = combination;
  const issuer = issuerOf(combination);
  const text = TEXT[commonName.kind][commonName.value];
  const subject = encodeName([
    { type: Oid.organizationName, value: 'example' },
    ...(text === '' ? [] : [{ type: Oid.commonName, value: text }]),
  ]);
  const subjectAltName = KINDS.flatMap((kind) => [...NAME[kind][names[kind]]]);
  const end = leaf(issuer, { subject, subjectAltName: subjectAltName.length === 0 ? null : subjectAltName });
  return { anchors: [anchor], intermediates: [issuer], leaf: end, server: TEXT[asked].valid };
}

/** The combinations of BetterTLS' suite `nameconstraints`; of all of them each `step`th. */
export function nameCases(step: number): readonly OwnCase[] {
  return [...combinations()]
    .map((combination, i): OwnCase => ({
      id: `bettertls::names::${i}`,
      expected: holds(combination) ? 'SUCCESS' : 'FAILURE',
      build: () => certify(combination),
    }))
    .filter((_, i) => i % step === 0);
}
