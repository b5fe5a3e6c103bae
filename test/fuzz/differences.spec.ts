import * as peculiar from '@peculiar/x509';
import { X509Certificate } from 'node:crypto';

import { toHex } from '@touchmark/der';
import { hostileVariant } from '@touchmark/testkit';
import {
  parseCertificate,
  parseCertificateList,
  parseCertificationRequest,
  parseOcspResponse,
  revokedCertificates,
} from '@touchmark/x509';
import * as pkijs from 'pkijs';
import { describe, expect, it } from 'vitest';

import { makeCorpus, type SampleKind } from './corpus.js';
import { codeOf, OURS_ALONE, THEIRS_ALONE } from './differences.js';

const CASES = 200;
const FIXED_SEED = 3;

type Read = (bytes: Uint8Array) => unknown;

const OURS = {
  certificate: parseCertificate,
  'certification-request': parseCertificationRequest,
  'certificate-list': (bytes) => [...revokedCertificates(parseCertificateList(bytes))],
  'ocsp-response': parseOcspResponse,
} satisfies Partial<Record<SampleKind, Read>>;

const OTHERS: Readonly<Record<keyof typeof OURS, Readonly<Record<string, Read>>>> = {
  certificate: {
    node: (bytes) => new X509Certificate(bytes),
    peculiar: (bytes) => new peculiar.X509Certificate(copy(bytes)),
    pkijs: (bytes) => pkijs.Certificate.fromBER(copy(bytes)),
  },
  'certification-request': {
    peculiar: (bytes) => new peculiar.Pkcs10CertificateRequest(copy(bytes)),
    pkijs: (bytes) => pkijs.CertificationRequest.fromBER(copy(bytes)),
  },
  'certificate-list': {
    peculiar: (bytes) => new peculiar.X509Crl(copy(bytes)),
    pkijs: (bytes) => pkijs.CertificateRevocationList.fromBER(copy(bytes)),
  },
  'ocsp-response': { pkijs: (bytes) => pkijs.OCSPResponse.fromBER(copy(bytes)) },
};

const KINDS = ['certificate', 'certification-request', 'certificate-list', 'ocsp-response'] as const;

function copy(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

function ourRefusal(kind: keyof typeof OURS, bytes: Uint8Array): string | undefined {
  try {
    OURS[kind](bytes);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

function takes(read: Read, bytes: Uint8Array): boolean {
  try {
    read(bytes);
    return true;
  } catch {
    // whatever it throws, it did not read
    return false;
  }
}

/** Differences that no row of the tables explains. */
function unexplained(kind: keyof typeof OURS, bytes: Uint8Array): string[] {
  const refusal = ourRefusal(kind, bytes);
  return Object.entries(OTHERS[kind]).flatMap(([name, read]) => {
    const taken = takes(read, bytes);
    if (taken === (refusal === undefined)) return [];
    const explained =
      refusal === undefined
        ? THEIRS_ALONE.some(({ readers, holds }) => readers.includes(name) && holds(kind, bytes))
        : OURS_ALONE[refusal] !== undefined;
    return explained
      ? []
      : [`${kind}: ${name} ${taken ? 'takes' : 'refuses'}, we ${refusal ?? 'take'}: ${toHex(bytes)}`];
  });
}

describe('Our readers and those of others', { timeout: 60_000 }, async () => {
  const corpus = await makeCorpus();
  const others = corpus.map(({ bytes }) => bytes);

  it.each(KINDS)('all take every sound %s', (kind) => {
    const readers = Object.entries({ ours: OURS[kind], ...OTHERS[kind] });
    const samples = corpus.filter((sample) => sample.kind === kind && !sample.name.includes('every extension'));
    const refusals = samples.flatMap(({ name, bytes }) =>
      readers.flatMap(([reader, read]) => (takes(read, bytes) ? [] : [`${reader} refuses ${name}`])),
    );
    expect(refusals).toEqual([]);
  });

  it.each(KINDS.flatMap((kind) => [FIXED_SEED, 398_687_891].map((seed) => ({ kind, seed }))))(
    'differ over a damaged $kind as the tables explain: seed $seed',
    ({ kind, seed }) => {
      const samples = corpus.filter((sample) => sample.kind === kind);
      const found = Array.from({ length: CASES }, (_, index) => {
        const sample = samples[index % samples.length];
        return sample === undefined ? [] : unexplained(kind, hostileVariant(sample.bytes, seed, index, others));
      });
      expect(found.flat()).toEqual([]);
    },
  );
});
