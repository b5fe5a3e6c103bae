import { Oid } from '@touchmark/der';
import type { PolicyMappings } from '@touchmark/x509';
import { describe, expect, it } from 'vitest';

import { seededRandom } from '@touchmark/testkit';

import { PolicyGraph } from './policy-graph.js';

/** valid_policy_tree as RFC 5280 section 6.1 has it, node by node: what the graph must agree with. */
class PolicyTree {
  private level: TreeNode[] = [{ policy: Oid.anyPolicy, expected: new Set([Oid.anyPolicy]), parent: undefined }];

  get isNull(): boolean {
    return this.level.length === 0;
  }

  /** 6.1.3 (d), (e) */
  add(policies: ReadonlySet<string> | undefined, takesAnyPolicy: boolean): void {
    const above = this.level;
    this.level = [];
    if (policies === undefined) return;
    for (const policy of policies) {
      if (policy === Oid.anyPolicy) continue;
      const matching = above.filter(({ expected }) => expected.has(policy));
      const parents = matching.length > 0 ? matching : above.filter((node) => node.policy === Oid.anyPolicy);
      this.level.push(...parents.map((parent) => childOf(parent, policy)));
    }
    if (!takesAnyPolicy || !policies.has(Oid.anyPolicy)) return;
    for (const parent of above) {
      const missing = [...parent.expected].filter(
        (policy) => !this.level.some((child) => child.parent === parent && child.policy === policy),
      );
      this.level.push(...missing.map((policy) => childOf(parent, policy)));
    }
  }

  /** 6.1.4 (b)(1) */
  map(mappings: PolicyMappings): void {
    for (const [policy, expected] of mappings) {
      const mapped = this.level.filter((node) => node.policy === policy);
      for (const node of mapped) node.expected = expected;
      const anyPolicy = this.level.find((node) => node.policy === Oid.anyPolicy);
      if (mapped.length === 0 && anyPolicy !== undefined) {
        this.level.push({ policy, expected, parent: anyPolicy.parent });
      }
    }
  }

  /** 6.1.4 (b)(2) */
  removeMapped(mappings: PolicyMappings): void {
    this.level = this.level.filter((node) => !mappings.has(node.policy));
  }

  /** 6.1.5 (g)(iii)(1): on the way up from each leaf, the node below the last anyPolicy. */
  authorityConstrainedPolicies(): Set<string> {
    return new Set(
      this.level.map((leaf) => {
        let node = leaf;
        while (node.parent !== undefined && node.parent.policy !== Oid.anyPolicy) node = node.parent;
        return node.policy;
      }),
    );
  }
}

interface TreeNode {
  readonly policy: string;
  expected: ReadonlySet<string>;
  readonly parent: TreeNode | undefined;
}

function childOf(parent: TreeNode, policy: string): TreeNode {
  return { policy, expected: new Set([policy]), parent };
}

const NAMES = ['1.2.1', '1.2.2', '1.2.3', '1.2.4'];

describe('PolicyGraph', () => {
  it('begins with anyPolicy, and is NULL below a certificate without policies', () => {
    const graph = new PolicyGraph();
    expect(graph.authorityConstrainedPolicies()).toEqual(new Set([Oid.anyPolicy]));
    graph.add(undefined, true);
    expect(graph.isNull).toBe(true);
    graph.add(new Set([Oid.anyPolicy, '1.2.1']), true);
    expect(graph.isNull).toBe(true);
    expect(graph.authorityConstrainedPolicies()).toEqual(new Set());
  });

  it('agrees with the tree of RFC 5280 on 3,000 paths at random', () => {
    const random = seededRandom(9618);
    const some = (share: number): string[] => NAMES.filter(() => random() < share);
    const outcomes = new Set<string>();
    const differences: string[] = [];
    for (let i = 0; i < 3000; i++) {
      const [graph, tree] = [new PolicyGraph(), new PolicyTree()];
      for (let depth = 0; depth < 5; depth++) {
        const policies = new Set([...some(0.6), ...(random() < 0.4 ? [Oid.anyPolicy] : [])]);
        const takesAnyPolicy = random() < 0.8;
        const mappings = new Map(some(0.3).map((from) => [from, new Set(['1.2.1', ...some(0.3)])]));
        const isAllowed = random() < 0.9;
        for (const policyState of [graph, tree]) {
          policyState.add(policies, takesAnyPolicy);
          if (isAllowed) policyState.map(mappings);
          else policyState.removeMapped(mappings);
        }
        const [found, expected] = [graph, tree].map((one) =>
          [one.isNull, ...[...one.authorityConstrainedPolicies()].toSorted()].join(' '),
        );
        if (found !== expected) differences.push(`path ${i}, depth ${depth}: ${found} instead of ${expected}`);
        outcomes.add(String(expected));
      }
    }
    expect(differences).toEqual([]);
    expect(outcomes.size).toBeGreaterThan(20);
  });
});
