import { type AuthorityKind, type DeviceProfile, type RevocationReason, revocationReasons } from '@touchmark/ca-port';
import { malformed, type Message } from './fields.js';

/** The names of an enum with their numbers on the wire. A number that is not in the table is refused. */
class WireEnum<Name extends string> {
  private readonly numbers: Readonly<Record<Name, number>>;
  private readonly names: ReadonlyMap<unknown, Name>;

  constructor(names: readonly Name[], numbers: Readonly<Record<Name, number>>) {
    this.numbers = numbers;
    this.names = new Map(names.map((name) => [numbers[name], name]));
  }

  encode(name: Name): number {
    return this.numbers[name];
  }

  decode(message: Message, field: string): Name {
    const name = this.names.get(message[field]);
    if (name === undefined) throw malformed(field);
    return name;
  }
}

export const profiles = new WireEnum<DeviceProfile>(['idevid', 'ldevid'], { idevid: 1, ldevid: 2 });

export const authorityKinds = new WireEnum<AuthorityKind>(['root', 'idevid', 'ldevid', 'infrastructure'], {
  root: 1,
  idevid: 2,
  ldevid: 3,
  infrastructure: 4,
});

/** CRLReason (RFC 5280 section 5.3.1). */
export const reasons = new WireEnum<RevocationReason>(revocationReasons, {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
});
