import { createHash } from 'node:crypto';
import type { CaPort } from '@touchmark/ca-port';
import type { AuthenticateDevice } from './authenticate-device.js';
import { EnrollmentRefusedError, NotAuthenticError } from './est-error.js';

/** Port: the registry learns that a certificate of the device was used for the first time. */
export interface ProjectSighting {
  sighted(deviceRef: string, at: number): Promise<void>;
}

/** Certificates remembered: the CA need not hear of them again. */
const REMEMBERED = 10_000;
/** Seconds until one is looked at again that is nobody's, or that the CA does not want to see. */
const REFUSED_FOR = 60;
/** Looked at together. What comes beyond is not noted: a device that goes on using its certificate comes again. */
const CONCURRENT = 32;

/**
 * A device that presents its certificate where none is needed has it and uses it, which is what the CA waits for before it
 * takes the parent's place away (rule 4). Enrolments need no word here: there the certificate is evidence, and the CA sees it.
 */
export class Sightings {
  private readonly authenticate: Pick<AuthenticateDevice, 'run'>;
  private readonly ca: Pick<CaPort, 'confirmSeen'>;
  private readonly devices: ProjectSighting;
  private readonly now: () => number;
  /** SHA-256 of a certificate, and the UTC seconds until which there is nothing to be done about it. */
  private readonly settled = new Map<string, number>();
  private readonly underWay = new Set<string>();

  constructor(
    authenticate: Pick<AuthenticateDevice, 'run'>,
    ca: Pick<CaPort, 'confirmSeen'>,
    devices: ProjectSighting,
    now: () => number,
  ) {
    this.authenticate = authenticate;
    this.ca = ca;
    this.devices = devices;
    this.now = now;
  }

  /** `chain` as presented; who is not authentic was not seen. Rejects where the CA or the registry cannot be told. */
  async run(chain: readonly Uint8Array[]): Promise<void> {
    const [leaf] = chain;
    if (leaf === undefined) return;
    const key = createHash('sha256').update(leaf).digest('base64');
    if (this.isSettled(key) || this.underWay.has(key) || this.underWay.size >= CONCURRENT) return;
    this.underWay.add(key);
    try {
      const noted = (await this.isDevice(chain)) && (await this.note(leaf));
      this.settle(key, noted ? Number.POSITIVE_INFINITY : this.now() + REFUSED_FOR);
    } finally {
      this.underWay.delete(key);
    }
  }

  /** Whether the CA knows the certificate as one that is used. */
  private async note(leaf: Uint8Array): Promise<boolean> {
    const at = this.now();
    const [outcome] = await this.ca.confirmSeen([{ certificate: leaf, at }]);
    if (outcome?.ok !== true) return false;
    if (outcome.firstSighting) await this.devices.sighted(outcome.deviceRef, at);
    return true;
  }

  private async isDevice(chain: readonly Uint8Array[]): Promise<boolean> {
    try {
      await this.authenticate.run(chain);
      return true;
    } catch (error) {
      if (error instanceof NotAuthenticError || error instanceof EnrollmentRefusedError) return false;
      throw error;
    }
  }

  private isSettled(key: string): boolean {
    const until = this.settled.get(key);
    return until !== undefined && this.now() < until;
  }

  private settle(key: string, until: number): void {
    this.settled.delete(key);
    const [oldest] = this.settled.keys();
    if (this.settled.size >= REMEMBERED && oldest !== undefined) this.settled.delete(oldest);
    this.settled.set(key, until);
  }
}
