import { Oid } from '@touchmark/der';
import type { PolicyMappings } from '@touchmark/x509';

/** A policy at one depth. */
interface PolicyNode {
  /** Policies of the depth above from which it was reached, at least one. */
  readonly parents: readonly string[];
  /** expected_policy_set: by which names the next certificate may speak of it. */
  readonly expected: Iterable<string>;
}

type Depth = Map<string, PolicyNode>;

/**
 * The valid_policy_graph of RFC 9618 section 5: each policy stands at most once at each depth and knows its parents, where the tree
 * of RFC 5280 repeats it on every way that leads to it (CVE-2023-0464). So it grows with the octets of the extensions, not with
 * their product.
 *
 * Nodes without children are not pruned as the path goes on: that changes no node of the last depth, and the walk up from there
 * at the end never meets them.
 */
export class PolicyGraph {
  // The depth of the trust anchor: anyPolicy.
  private readonly depths: Depth[] = [new Map([[Oid.anyPolicy, { parents: [], expected: [Oid.anyPolicy] }]])];

  /** Whether no policy is left: valid_policy_graph is NULL. */
  get isNull(): boolean {
    return this.last.size === 0;
  }

  /** RFC 9618 5.3 (d), or (e) for a certificate without policies. `takesAnyPolicy`: anyPolicy of this certificate counts. */
  add(certificatePolicies: ReadonlySet<string> | undefined, takesAnyPolicy: boolean): void {
    const above = this.last;
    const next: Depth = new Map();
    this.depths.push(next);
    if (certificatePolicies === undefined || above.size === 0) return;
    const parentsOf = parentsByExpectedPolicy(above);
    const underAnyPolicy = above.has(Oid.anyPolicy) ? [Oid.anyPolicy] : undefined;
    for (const policy of certificatePolicies) {
      const parents = policy === Oid.anyPolicy ? undefined : (parentsOf.get(policy) ?? underAnyPolicy);
      if (parents !== undefined) next.set(policy, { parents, expected: [policy] });
    }
    if (!takesAnyPolicy || !certificatePolicies.has(Oid.anyPolicy)) return;
    for (const [policy, parents] of parentsOf) {
      if (!next.has(policy)) next.set(policy, { parents, expected: [policy] });
    }
  }

  /** RFC 9618 5.4 (b)(1), while policy mapping is allowed. */
  map(mappings: PolicyMappings): void {
    const { last } = this;
    for (const [policy, expected] of mappings) {
      const node = last.get(policy) ?? (last.has(Oid.anyPolicy) ? { parents: [Oid.anyPolicy] } : undefined);
      if (node !== undefined) last.set(policy, { parents: node.parents, expected });
    }
  }

  /** RFC 9618 5.4 (b)(2), when it is not: what a CA would map, nobody below it may use. */
  removeMapped(mappings: PolicyMappings): void {
    for (const policy of mappings.keys()) this.last.delete(policy);
  }

  /**
   * authority_constrained_policy_set (RFC 9618 5.5 (g)): the policies that hold for the whole path, by their names in the domain of
   * the trust anchor. anyPolicy stands for all.
   */
  authorityConstrainedPolicies(): Set<string> {
    const found = new Set<string>(this.last.has(Oid.anyPolicy) ? [Oid.anyPolicy] : []);
    let reached = new Set(this.last.keys());
    for (const depth of this.depths.toReversed()) {
      const above = new Set<string>();
      for (const policy of reached) {
        const parents = depth.get(policy)?.parents ?? [];
        // Names that came from mapping have other parents.
        if (policy !== Oid.anyPolicy && parents[0] === Oid.anyPolicy) found.add(policy);
        for (const parent of parents) above.add(parent);
      }
      reached = above;
    }
    return found;
  }

  private get last(): Depth {
    const last = this.depths[this.depths.length - 1];
    if (last === undefined) throw new TypeError('a graph has the depth of its trust anchor');
    return last;
  }
}

function parentsByExpectedPolicy(depth: Depth): Map<string, string[]> {
  const parentsOf = new Map<string, string[]>();
  for (const [policy, { expected }] of depth) {
    for (const name of expected) {
      const parents = parentsOf.get(name);
      if (parents === undefined) parentsOf.set(name, [policy]);
      else parents.push(policy);
    }
  }
  return parentsOf;
}
