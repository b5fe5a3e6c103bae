import { webcrypto, X509Certificate as NodeCertificate } from 'node:crypto';

import * as peculiar from '@peculiar/x509';
import { TEST_NOW, TestCa } from '@touchmark/testkit';
import { uncheckedRevocation, verifyPath } from '@touchmark/verifier';
import { fromBER } from 'asn1js';
import * as pkijs from 'pkijs';

import { median } from './median.js';
import { report } from './report.js';

const PATHS = 64;
const WARM_UP_ROUNDS = 2;
const ROUNDS = 11;

/** Leaf first, DER; the trust anchor is not in it. */
type Chain = readonly Uint8Array[];

interface Peer {
  readonly name: 'own' | 'node' | 'peculiar' | 'pkijs';
  /** Throws for a path that does not hold. */
  verify(chain: Chain): Promise<void> | void;
}

/**
 * The same paths, their leaves and intermediates read from DER each time and the trust anchor held ready, all ECDSA P-256: through
 * us without revocation, since no peer looks at it; the signatures and names alone by node:crypto, which is the limit; the chain
 * builder of @peculiar/x509, which looks at no dates; and the engine of pkijs. Rounds of all alternate.
 */
export async function run(): Promise<void> {
  const root = TestCa.root();
  const ca = root.issueCa();
  await compare(
    2,
    root,
    Array.from({ length: PATHS }, () => [root.issue().der]),
  );
  await compare(
    3,
    root,
    Array.from({ length: PATHS }, () => [ca.issue().der, ca.der]),
  );
}

async function compare(certificates: number, root: TestCa, chains: readonly Chain[]): Promise<void> {
  const peers = [own(root), node(root), chainBuilder(root), engine(root)];
  const times = new Map(peers.map(({ name }): [Peer['name'], number[]] => [name, []]));
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const peer of peers) {
      const start = process.hrtime.bigint();
      for (const chain of chains) await peer.verify(chain);
      const micros = Number(process.hrtime.bigint() - start) / 1000 / chains.length;
      if (round >= 0) times.get(peer.name)?.push(micros);
    }
  }
  const micros = (name: Peer['name']): number => median(times.get(name) ?? []);
  report({
    bench: 'verify-vs-peers',
    value: micros('own'),
    unit: 'µs',
    limit: micros('node'),
    ratio: micros('node') / micros('own'),
    certificates,
    peculiarMicros: Math.round(micros('peculiar')),
    pkijsMicros: Math.round(micros('pkijs')),
  });
}

function own(root: TestCa): Peer {
  const request = {
    trustAnchors: [root.certificate],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'client',
    requireExtKeyUsage: true,
    revocation: uncheckedRevocation,
  } as const;
  return {
    name: 'own',
    verify(chain) {
      const result = verifyPath({ ...request, chain });
      if (!result.ok) throw result.error;
    },
  };
}

function node(root: TestCa): Peer {
  const anchor = new NodeCertificate(root.der);
  return {
    name: 'node',
    verify(chain) {
      const path = [...chain.map((der) => new NodeCertificate(der)), anchor];
      for (const [n, issuer] of path.slice(1).entries()) {
        const signed = path[n];
        if (!signed?.checkIssued(issuer) || !signed.verify(issuer.publicKey)) throw new Error('node:crypto: refused');
      }
    },
  };
}

function chainBuilder(root: TestCa): Peer {
  const anchor = new peculiar.X509Certificate(new Uint8Array(root.der));
  return {
    name: 'peculiar',
    async verify(chain) {
      const [leaf, ...others] = chain.map((der) => new peculiar.X509Certificate(new Uint8Array(der)));
      if (leaf === undefined) throw new TypeError('a chain begins with a leaf');
      const found = await new peculiar.X509ChainBuilder({ certificates: [...others, anchor] }).build(leaf, webcrypto);
      if (found.length !== chain.length + 1) throw new Error('@peculiar/x509: no path');
    },
  };
}

function readByPkijs(der: Uint8Array): pkijs.Certificate {
  return new pkijs.Certificate({ schema: fromBER(new Uint8Array(der)).result });
}

function engine(root: TestCa): Peer {
  const trustedCerts = [readByPkijs(root.der)];
  return {
    name: 'pkijs',
    async verify(chain) {
      // the last one is whose path is looked for
      const certs = chain.map(readByPkijs).toReversed();
      const checkDate = new Date(TEST_NOW * 1000);
      const { result, resultMessage } = await new pkijs.CertificateChainValidationEngine({
        trustedCerts,
        certs,
        checkDate,
      }).verify();
      if (!result) throw new Error(`pkijs: ${resultMessage}`);
    },
  };
}
