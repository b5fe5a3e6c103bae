import { Oid } from '@touchmark/der';
import {
  TEST_NOW,
  type WorstCase,
  worstCertificateLists,
  worstCertificates,
  worstCertificationRequests,
  worstExtensionValues,
  worstNames,
  worstOcspRequests,
  worstOcspResponses,
  worstPem,
} from '@touchmark/testkit';
import { bySeat, verifyPath } from '@touchmark/verifier';
import * as x509 from '@touchmark/x509';

import { report } from './report.js';

const OCTETS = 65_536;
// What a verifier takes: more are refused unread.
const CHAIN = 4;
const CERTIFICATE_OCTETS = OCTETS / CHAIN;
const LIMIT_MS = 5;
const WARM_UP_ROUNDS = 5;
const ROUNDS = 40;

type Work = (bytes: Uint8Array) => unknown;

const EXTENSION_READERS: ReadonlyMap<string, Work> = new Map<string, Work>([
  [Oid.subjectAltName, x509.parseSubjectAltName],
  [Oid.extKeyUsage, x509.parseExtKeyUsage],
  [Oid.certificatePolicies, x509.parseCertificatePolicies],
  [Oid.nameConstraints, x509.parseNameConstraints],
  [Oid.cRLDistributionPoints, x509.parseCRLDistributionPoints],
  [Oid.authorityInfoAccess, x509.parseAuthorityInfoAccess],
  [Oid.authorityKeyIdentifier, x509.parseAuthorityKeyIdentifier],
  [Oid.issuingDistributionPoint, x509.parseIssuingDistributionPoint],
]);

/**
 * What 64 kB cost that were made to cost as much as they can, for each reader: one line with its worst input. Absolute, because
 * there is no other work to compare it with: less than 5 ms.
 */
export function run(): void {
  measure('parseCertificate', worstCertificates(OCTETS), x509.parseCertificate);
  measure('parseCertificateList', worstCertificateLists(OCTETS), readList);
  measure('parseCertificationRequest', worstCertificationRequests(OCTETS), x509.parseCertificationRequest);
  measure('parseOcspRequest', worstOcspRequests(OCTETS), x509.parseOcspRequest);
  measure('parseOcspResponse', worstOcspResponses(OCTETS), x509.parseOcspResponse);
  measure('parseName', worstNames(OCTETS), x509.parseName);
  measure('equalNames', worstNames(OCTETS / 2), (name) => x509.equalNames(name, otherSpelling(name)));
  // Longer ones are compared by their octets alone.
  measure('equalNames of 4 kB', worstNames(4096), (name) => x509.equalNames(name, otherSpelling(name)));
  measure('decodePem', worstPem(OCTETS), (bytes) => x509.decodePem(Buffer.from(bytes).toString('latin1')));
  for (const [oid, read] of EXTENSION_READERS) {
    measure(
      read.name,
      worstExtensionValues(OCTETS).filter((value) => value.oid === oid),
      read,
    );
  }
  measure('verifyPath', worstCertificates(CERTIFICATE_OCTETS), verify);
}

function measure(reader: string, cases: readonly WorstCase[], work: Work): void {
  const costs = cases.map(({ name, bytes }) => ({ name, ms: costOf(work, bytes) }));
  const worst = costs.toSorted((a, b) => b.ms - a.ms)[0];
  if (worst === undefined) throw new TypeError(`no input for ${reader}`);
  report({ bench: `hostile-der ${reader}`, value: worst.ms, unit: 'ms', limit: LIMIT_MS, input: worst.name });
}

/** Milliseconds of this thread's processor time: the mean, for its clock is coarser than one input. */
function costOf(work: Work, bytes: Uint8Array): number {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) refusing(() => work(bytes));
  const before = process.threadCpuUsage();
  for (let round = 0; round < ROUNDS; round++) refusing(() => work(bytes));
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000 / ROUNDS;
}

function refusing(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof x509.X509Error)) throw error;
  }
}

function readList(bytes: Uint8Array): unknown {
  const list = x509.parseCertificateList(bytes);
  return [...x509.revokedCertificates(list)].length;
}

// The same certificate as end entity and, each a little different, as what may have issued it.
function verify(bytes: Uint8Array): unknown {
  const chain = Array.from({ length: CHAIN }, (_, n) => bytes.with(bytes.length - 1, n));
  return verifyPath({
    chain,
    trustAnchors: [],
    intermediates: [],
    at: TEST_NOW,
    purpose: 'any',
    requireExtKeyUsage: false,
    revocation: bySeat({ statusOf: () => 'valid' }),
  });
}

// Not the same octets, so that the names must be read: the last one differs.
function otherSpelling(name: Uint8Array): Uint8Array {
  const last = name[name.length - 1] ?? 0;
  return name.with(name.length - 1, last ^ 1);
}
