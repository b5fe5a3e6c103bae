import { toHex } from '@touchmark/der';
import { hostileVariant, seededRandom, signTestObject, TEST_NOW } from '@touchmark/testkit';
import { bySeat, type PathResult, verifyPath } from '@touchmark/verifier';
import { parseCertificate } from '@touchmark/x509';

import type { Failure, Tally } from './campaign.js';
import { soundChain } from './corpus.js';

/** A chain with one damaged certificate, and whether its issuer signed the damage. */
interface HostileChain {
  readonly chain: readonly Uint8Array[];
  readonly damaged: number;
  readonly signed: boolean;
}

/** Damaged chains, verified: the answer is an answer, and nothing is accepted but octets that somebody signed. */
export class VerificationCampaign {
  private readonly sound = soundChain();
  private readonly genuine = new Set(this.sound.chain.map(toHex));
  private readonly trustAnchor = parseCertificate(this.sound.trustAnchor);

  constructor() {
    if (!this.verify(this.sound.chain).ok) throw new TypeError('the sound chain is not accepted');
  }

  run(seed: number, index: number, tally?: Tally): Failure | undefined {
    const hostile = this.chainOf(seed, index);
    const why = this.examine(hostile, tally);
    if (why === undefined) return undefined;
    const hex = hostile.chain.map(toHex).join(' ');
    return { seed, case: index, reader: 'verifyPath', sample: `certificate ${hostile.damaged}`, why, hex };
  }

  private examine({ chain, damaged, signed }: HostileChain, tally: Tally | undefined): string | undefined {
    const before = chain.map(toHex).join();
    let result: PathResult;
    try {
      result = this.verify(chain);
    } catch (error) {
      return `throws ${String(error)}`;
    }
    if (tally !== undefined) {
      tally.cases += 1;
      tally.accepted += result.ok ? 1 : 0;
    }
    if (chain.map(toHex).join() !== before) return 'the input was written to';
    if (!result.ok) return undefined;
    const path = result.path.slice(0, -1).map(({ der }) => toHex(der));
    const strange = path.filter((hex) => !this.genuine.has(hex));
    // An issuer may sign what it likes; nothing else becomes good by damage.
    const allowed = signed ? [toHex(chain[damaged] ?? new Uint8Array())] : [];
    return strange.every((hex) => allowed.includes(hex)) ? undefined : 'octets that nobody signed were accepted';
  }

  private verify(chain: readonly Uint8Array[]): PathResult {
    return verifyPath({
      chain,
      trustAnchors: [this.trustAnchor],
      intermediates: [],
      at: TEST_NOW,
      purpose: 'client',
      requireExtKeyUsage: true,
      revocation: bySeat({ statusOf: () => 'valid' }),
    });
  }

  private chainOf(seed: number, index: number): HostileChain {
    const random = seededRandom(seed ^ index);
    const { chain, issuerKeys } = this.sound;
    const damaged = Math.floor(random() * chain.length);
    const original = chain[damaged];
    const key = issuerKeys[damaged];
    if (original === undefined || key === undefined) throw new TypeError('a chain without certificates');
    const signed = random() < 0.5;
    const variant = signed
      ? signTestObject(hostileVariant(parseCertificate(original).tbsCertificate, seed, index, chain), key)
      : hostileVariant(original, seed, index, chain);
    return { chain: chain.with(damaged, variant), damaged, signed };
  }
}
