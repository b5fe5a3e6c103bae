import type { DeviceState, HoldableState } from '@touchmark/lifecycle';
import type { SubjectView } from '@touchmark/store';

type Standing = Pick<SubjectView, 'state' | 'closedBy' | 'provisioned' | 'seenAt'>;

/** The device's state as the CA's own row says it. */
export function projectedState(subject: Standing): DeviceState {
  switch (subject.state) {
    case 'closed':
      return subject.closedBy === 'retire' ? 'retired' : 'revoked';
    case 'held':
      return 'suspended';
    case 'open':
      return stateBesidesHolds(subject);
    default:
      return subject.state satisfies never;
  }
}

/** The state in which a hold finds the device, and to which its release leads back. */
export function stateBesidesHolds({ provisioned, seenAt }: Pick<Standing, 'provisioned' | 'seenAt'>): HoldableState {
  if (seenAt !== null) return 'active';
  return provisioned ? 'provisioned' : 'registered';
}
