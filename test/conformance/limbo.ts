import { Oid } from '@touchmark/der';
import {
  CrlSource,
  matchesServerName,
  type PathRequest,
  type Profile,
  type Purpose,
  type RevocationPolicy,
  uncheckedRevocation,
  verifyPath,
} from '@touchmark/verifier';
import {
  type Certificate,
  type CertificateParsingOptions,
  decodePem,
  parseCertificate,
  parseKeyUsage,
  parseSubjectAltName,
  X509Error,
} from '@touchmark/x509';

import type { ConformanceCase, Outcome } from './conformance-case.js';
import type { LimboCase, LimboPeerName } from './limbo-file.js';

/** When a case without a time is judged, 2026-07-01T00:00:00Z: its certificates are valid for centuries to both sides. */
const ANY_TIME = 1_782_864_000;

/** The cases of an x509-limbo file, ready to be judged. Options depend on nothing of an id but its first namespace. */
export function limboCases(cases: readonly LimboCase[]): readonly ConformanceCase[] {
  return cases.map((testCase) => ({
    id: testCase.id,
    expected: testCase.expected_result,
    judge: () => judge(testCase),
  }));
}

function judge(testCase: LimboCase): Outcome {
  const why = unsupported(testCase);
  if (why !== undefined) return { answer: 'UNSUPPORTED', why };
  let request: PathRequest;
  try {
    request = requestOf(testCase);
  } catch (error) {
    // PEM that is none: nobody can be asked about it, and the run goes on.
    if (error instanceof X509Error) return { answer: 'FAILURE', code: error.code };
    throw error;
  }
  const result = verifyPath(request);
  if (!result.ok) {
    const { code, message, detail } = result.error;
    return { answer: 'FAILURE', code, detail: 'oid' in detail ? `${message}, ${detail.oid}` : message };
  }
  return peerOutcome(testCase, result.leaf);
}

function requestOf(testCase: LimboCase): PathRequest {
  const purpose = purposeOf(testCase);
  if (purpose === undefined) throw new TypeError('an unsupported case is not judged');
  const { max_chain_depth: maxDepth } = testCase;
  return {
    chain: [derOf(testCase.peer_certificate)],
    // A root of the public web has serial number 0, and who trusts it does not mind.
    trustAnchors: testCase.trusted_certs.flatMap((pem) => certificatesOf(pem, { serialNumbers: 'any' })),
    // Not `chain`, which is what a peer presents and of which there are 10 at most: the suite's searches have more to go through.
    intermediates: testCase.untrusted_intermediates.flatMap((pem) => certificatesOf(pem)),
    at: testCase.validation_time ? Date.parse(testCase.validation_time) / 1000 : ANY_TIME,
    purpose,
    profile: profileOf(testCase),
    requireExtKeyUsage: false,
    revocation: revocationOf(testCase),
    // Answers must not depend on how busy the machine is: the other budgets bound the work.
    monotonic: () => 0,
    ...(typeof maxDepth === 'number' ? { maxDepth } : {}),
  };
}

/** A case without CRLs is not about revocation. In the others, what no CRL says is refused. */
function revocationOf({ crls }: LimboCase): RevocationPolicy {
  if (crls.length === 0) return uncheckedRevocation;
  const source = new CrlSource();
  for (const pem of crls) source.add(derOf(pem));
  return { sources: [source] };
}

/** All that an id decides: before its first `::` stands whose rules the case is about. */
export function profileOf({ id }: Pick<LimboCase, 'id'>): Profile {
  const [namespace] = id.split('::', 1);
  return namespace === 'webpki' || namespace === 'online' ? 'web' : 'rfc5280';
}

/** What the case needs and we do not have. */
function unsupported(testCase: LimboCase): string | undefined {
  if (testCase.signature_algorithms.length > 0) {
    return 'signature_algorithms: a verification does not choose among the accepted algorithms';
  }
  if (purposeOf(testCase) === undefined) {
    return `extended_key_usage ${testCase.extended_key_usage.join(', ')}: not a purpose of ours`;
  }
  const unknown = peerNamesOf(testCase).find(({ kind }) => !['DNS', 'IP', 'RFC822'].includes(kind));
  return unknown && `a peer name of kind ${unknown.kind}`;
}

const PURPOSES: ReadonlyMap<string, Purpose> = new Map<string, Purpose>([
  ['serverAuth', 'server'],
  ['clientAuth', 'client'],
  ['anyExtendedKeyUsage', 'any'],
]);

// The kind of validation is a purpose already; the list, where it names one, says it again.
function purposeOf({ validation_kind: kind, extended_key_usage: [first, ...more] }: LimboCase): Purpose | undefined {
  if (first === undefined) return kind === 'SERVER' ? 'server' : 'client';
  return more.length === 0 ? PURPOSES.get(first) : undefined;
}

/** The names that the case asks for, and the uses of the key, once the path holds. */
function peerOutcome(testCase: LimboCase, leaf: Certificate): Outcome {
  const missing = peerNamesOf(testCase).find((name) => !hasName(leaf, name));
  if (missing !== undefined) {
    return { answer: 'FAILURE', code: 'NAME_MISMATCH', detail: `no name for ${missing.kind} ${missing.value}` };
  }
  const keyUsage = leaf.extensions.get(Oid.keyUsage);
  const granted = keyUsage && new Set<string>(parseKeyUsage(keyUsage.value));
  const use = testCase.key_usage.find((name) => granted?.has(name) === false);
  if (use !== undefined) return { answer: 'FAILURE', code: 'KEY_USAGE_MISSING', detail: use };
  return { answer: 'SUCCESS' };
}

function peerNamesOf({ expected_peer_name: name, expected_peer_names: names }: LimboCase): readonly LimboPeerName[] {
  return name ? [name, ...names] : names;
}

// A host's text says by itself whether it is an address: BetterTLS calls both DNS.
function hasName(leaf: Certificate, { kind, value }: LimboPeerName): boolean {
  const extension = leaf.extensions.get(Oid.subjectAltName);
  const names = extension === undefined ? [] : parseSubjectAltName(extension.value);
  if (kind !== 'RFC822') return matchesServerName(names, value);
  return names.some((name) => name.kind === 'rfc822Name' && mailbox(name.value) === mailbox(value));
}

/** The host of a mailbox is a DNS name, what stands before it is not (RFC 5280 section 7.5). */
function mailbox(text: string): string {
  const at = text.lastIndexOf('@');
  return text.slice(0, at) + text.slice(at).toLowerCase();
}

function derOf(pem: string): Uint8Array {
  const [block] = decodePem(pem);
  if (block === undefined) throw new Error('a case without PEM');
  return block.der;
}

// A CA certificate that cannot be read is none.
function certificatesOf(pem: string, options?: CertificateParsingOptions): readonly Certificate[] {
  try {
    return [parseCertificate(derOf(pem), options)];
  } catch (error) {
    if (error instanceof X509Error) return [];
    throw error;
  }
}
