import type { AccessJwk, AccessKeys } from './access-keys.js';

/** An RFC 7638 thumbprint with SHA-256, as base64url. */
const KID = /^[A-Za-z0-9_-]{43}$/;
/** Seconds. A key never changes under its thumbprint, but the one who keeps the keys may take one away. */
const KNOWN = 60;
const UNKNOWN = 5;
const MAX_KNOWN = 64;
const MAX_UNKNOWN = 1_024;

interface Remembered {
  readonly jwk: AccessJwk | undefined;
  /** UTC seconds. */
  readonly at: number;
}

/**
 * The keys behind a memory, so that tokens that anyone can make up hardly reach the database: what is no thumbprint is not looked
 * up, what was looked up is remembered for a while, and of all the rest one is looked up at a time.
 */
export class KnownKeys implements AccessKeys {
  readonly #keys: AccessKeys;
  readonly #now: () => number;
  readonly #known = new Map<string, Remembered>();
  readonly #unknown = new Map<string, Remembered>();
  #lastLookup: Promise<unknown> = Promise.resolve();

  constructor(keys: AccessKeys, now: () => number) {
    this.#keys = keys;
    this.#now = now;
  }

  async find(kid: string): Promise<AccessJwk | undefined> {
    if (!KID.test(kid)) return undefined;
    const remembered = this.#remembered(kid);
    if (remembered) return remembered.jwk;
    const before = this.#lastLookup;
    const lookup = this.#lookUpAfter(before, kid);
    this.#lastLookup = lookup.catch(() => undefined);
    return lookup;
  }

  async #lookUpAfter(before: Promise<unknown>, kid: string): Promise<AccessJwk | undefined> {
    await before;
    const remembered = this.#remembered(kid);
    if (remembered) return remembered.jwk;
    const jwk = await this.#keys.find(kid);
    if (jwk) remember(this.#known, MAX_KNOWN, kid, { jwk, at: this.#now() });
    else remember(this.#unknown, MAX_UNKNOWN, kid, { jwk, at: this.#now() });
    return jwk;
  }

  #remembered(kid: string): Remembered | undefined {
    const known = this.#known.get(kid);
    if (known && this.#isYoung(known, KNOWN)) return known;
    const unknown = this.#unknown.get(kid);
    return unknown && this.#isYoung(unknown, UNKNOWN) ? unknown : undefined;
  }

  #isYoung({ at }: Remembered, seconds: number): boolean {
    return Math.abs(this.#now() - at) < seconds;
  }
}

/** The oldest goes where there is no room. */
function remember(memory: Map<string, Remembered>, size: number, kid: string, what: Remembered): void {
  memory.delete(kid);
  const [oldest] = memory.keys();
  if (oldest !== undefined && memory.size >= size) memory.delete(oldest);
  memory.set(kid, what);
}
