import { describe, expect, it } from 'vitest';
import { projectedState } from './projected-state.js';

const open = { state: 'open', closedBy: null, provisioned: false, seenAt: null } as const;

describe('projectedState', () => {
  it.each([
    ['registered', open],
    ['provisioned', { ...open, provisioned: true }],
    ['active', { ...open, provisioned: true, seenAt: 1_800_000_000 }],
    ['suspended', { ...open, state: 'held', provisioned: true, seenAt: 1_800_000_000 }],
    ['revoked', { ...open, state: 'closed', closedBy: 'revoke', provisioned: true }],
    ['retired', { ...open, state: 'closed', closedBy: 'retire', provisioned: true }],
  ] as const)('is %s', (state, subject) => {
    expect(projectedState(subject)).toBe(state);
  });

  it('takes a closed subject that does not say why for revoked', () => {
    expect(projectedState({ ...open, state: 'closed' })).toBe('revoked');
  });
});
