import type { TestCertificate } from '@touchmark/testkit';
import { encodePem } from '@touchmark/x509';

import type { LimboCase } from '../limbo-file.js';

/** What a case is made of. */
export interface Material {
  readonly leaf: { readonly der: Uint8Array };
  readonly anchors: readonly TestCertificate[];
  readonly intermediates?: readonly { readonly der: Uint8Array }[];
  /** The server that is asked for, a name or an address: `example.com` if left out; null asks for none. */
  readonly server?: string | null;
  /** Mailboxes that are asked for instead of a server: the end entity is a client then. */
  readonly mailboxes?: readonly string[];
  /** UTC seconds; any time will do if left out. */
  readonly at?: number;
  /** CA certificates between end entity and trust anchor at most. */
  readonly maxDepth?: number;
  readonly crls?: readonly Uint8Array[];
  /** Purposes by x509-limbo's names, where the case names them. */
  readonly extKeyUsage?: readonly string[];
}

/** A case of ours. One that x509-limbo has too bears its id, so that what is declared of one is declared of the other. */
export interface OwnCase {
  readonly id: string;
  readonly expected: 'SUCCESS' | 'FAILURE';
  /** What we refuse with; undefined where we are declared not to. */
  readonly code?: string;
  readonly build: () => Material;
}

export function accepted(id: string, build: () => Material): OwnCase {
  return { id, expected: 'SUCCESS', build };
}

export function refused(id: string, code: string | undefined, build: () => Material): OwnCase {
  return { id, expected: 'FAILURE', ...(code === undefined ? {} : { code }), build };
}

/** Builds the case, in x509-limbo's format. */
export function limboCaseOf({ id, expected, build }: OwnCase): LimboCase {
  const { leaf, anchors, intermediates = [], server = 'example.com', mailboxes, ...more } = build();
  const isClient = mailboxes !== undefined;
  return {
    id,
    features: more.crls === undefined ? [] : ['has-crl'],
    validation_kind: isClient ? 'CLIENT' : 'SERVER',
    trusted_certs: anchors.map(pemOf),
    untrusted_intermediates: intermediates.map(pemOf),
    peer_certificate: pemOf(leaf),
    validation_time: more.at === undefined ? null : new Date(more.at * 1000).toISOString(),
    signature_algorithms: [],
    key_usage: [],
    extended_key_usage: [...(more.extKeyUsage ?? [])],
    expected_result: expected,
    expected_peer_name:
      isClient || server === null ? null : { kind: /^[\d.]+$|:/.test(server) ? 'IP' : 'DNS', value: server },
    expected_peer_names: (mailboxes ?? []).map((value) => ({ kind: 'RFC822', value })),
    max_chain_depth: more.maxDepth ?? null,
    crls: (more.crls ?? []).map((der) => encodePem('X509 CRL', der)),
  };
}

function pemOf({ der }: { readonly der: Uint8Array }): string {
  return encodePem('CERTIFICATE', der);
}
