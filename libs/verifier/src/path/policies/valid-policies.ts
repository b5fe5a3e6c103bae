import { Oid } from '@touchmark/der';

import { VerifierError } from '../../error.js';
import type { PathCertificate } from '../path-certificate.js';
import { PolicyGraph } from './policy-graph.js';

/** What the caller asks of certificate policies (RFC 5280 6.1.1 (c), (e) to (g)). */
export interface PolicyInputs {
  /** Dotted OIDs, in the domain of the trust anchor; all if left out. They refuse nothing unless a policy is required. */
  readonly acceptable?: readonly string[];
  /** The path must have an acceptable policy (initial-explicit-policy). CAs of the path may require it anyway. */
  readonly requireExplicit?: boolean;
  /** initial-policy-mapping-inhibit. */
  readonly inhibitMapping?: boolean;
  /** initial-any-policy-inhibit: anyPolicy in a certificate stands for nothing. */
  readonly inhibitAnyPolicy?: boolean;
}

const NONE: readonly string[] = Object.freeze([]);

/**
 * Certificate policy processing (RFC 5280 6.1 by the graph of RFC 9618). Answers the acceptable policies that hold for the whole
 * path (user-constrained-policy-set), by their names in the domain of the trust anchor; anyPolicy stands for all. Of the trust
 * anchor, policyConstraints and inhibitAnyPolicy are heeded, and nothing else (RFC 5937 3.2). Throws VerifierError
 * POLICY_MAPPING_INVALID, POLICY_REQUIRED.
 */
export function validPolicies(path: readonly PathCertificate[], inputs: PolicyInputs = {}): readonly string[] {
  if (inputs.requireExplicit !== true && path.every(saysNothing)) return NONE;
  const length = path.length - 1;
  const anchor = path[length];
  const graph = new PolicyGraph();
  const rules = new PolicyRules(inputs, length);
  if (anchor !== undefined) rules.lower(anchor);

  for (let depth = length - 1; depth >= 0; depth--) {
    const certificate = path[depth];
    if (certificate === undefined) break;
    const isLast = depth === 0;
    // RFC 9618 5.3 (d), (e)
    graph.add(certificate.certificatePolicies, rules.inhibitAnyPolicy > 0 || (!isLast && certificate.selfIssued));
    // (f)
    if (rules.explicitPolicy === 0 && graph.isNull) throw new VerifierError({ code: 'POLICY_REQUIRED', depth });
    if (isLast) {
      // RFC 5280 6.1.5 (a), (b)
      rules.countDown();
      if (certificate.policyConstraints?.requireExplicitPolicy === 0) rules.lower(certificate);
    } else {
      // RFC 5280 6.1.4 (a), (b), then (h) to (j)
      mapPolicies(graph, certificate, depth, rules.policyMapping > 0);
      if (!certificate.selfIssued) rules.countDown();
      rules.lower(certificate);
    }
  }

  // RFC 9618 5.5 (g)
  const policies = acceptableOf(graph.authorityConstrainedPolicies(), inputs.acceptable);
  if (rules.explicitPolicy === 0 && policies.length === 0) {
    throw new VerifierError({ code: 'POLICY_REQUIRED', depth: 0 });
  }
  return policies;
}

/** explicit_policy, policy_mapping and inhibit_anyPolicy (RFC 5280 6.1.2 (d) to (f)): certificates until the rule begins to hold. */
class PolicyRules {
  explicitPolicy: number;
  policyMapping: number;
  inhibitAnyPolicy: number;

  constructor(inputs: PolicyInputs, length: number) {
    this.explicitPolicy = inputs.requireExplicit === true ? 0 : length + 1;
    this.policyMapping = inputs.inhibitMapping === true ? 0 : length + 1;
    this.inhibitAnyPolicy = inputs.inhibitAnyPolicy === true ? 0 : length + 1;
  }

  countDown(): void {
    this.explicitPolicy = Math.max(this.explicitPolicy - 1, 0);
    this.policyMapping = Math.max(this.policyMapping - 1, 0);
    this.inhibitAnyPolicy = Math.max(this.inhibitAnyPolicy - 1, 0);
  }

  lower({ policyConstraints, inhibitAnyPolicy }: PathCertificate): void {
    const { requireExplicitPolicy = Infinity, inhibitPolicyMapping = Infinity } = policyConstraints ?? {};
    this.explicitPolicy = Math.min(this.explicitPolicy, requireExplicitPolicy);
    this.policyMapping = Math.min(this.policyMapping, inhibitPolicyMapping);
    this.inhibitAnyPolicy = Math.min(this.inhibitAnyPolicy, inhibitAnyPolicy ?? Infinity);
  }
}

function mapPolicies(graph: PolicyGraph, { policyMappings }: PathCertificate, depth: number, allowed: boolean): void {
  if (policyMappings === undefined) return;
  for (const [issuerDomainPolicy, subjectDomainPolicies] of policyMappings) {
    if (issuerDomainPolicy === Oid.anyPolicy || subjectDomainPolicies.has(Oid.anyPolicy)) {
      throw new VerifierError({ code: 'POLICY_MAPPING_INVALID', depth });
    }
  }
  if (allowed) graph.map(policyMappings);
  else graph.removeMapped(policyMappings);
}

function acceptableOf(found: ReadonlySet<string>, acceptable: readonly string[] | undefined): readonly string[] {
  if (acceptable === undefined || acceptable.includes(Oid.anyPolicy)) return [...found];
  return [...new Set(found.has(Oid.anyPolicy) ? acceptable : acceptable.filter((policy) => found.has(policy)))];
}

function saysNothing(certificate: PathCertificate): boolean {
  return (
    certificate.certificatePolicies === undefined &&
    certificate.policyMappings === undefined &&
    certificate.policyConstraints === undefined &&
    certificate.inhibitAnyPolicy === undefined
  );
}
