import { createHash } from 'node:crypto';
import type { CaPort } from '@touchmark/ca-port';
import type { AuthenticateDevice } from './authenticate-device.js';
import { EnrollmentRefusedError, NotAuthenticError } from './est-error.js';

/** Port: the registry learns that a certificate of the device was used for the first time. */
export interface ProjectSighting {
  sighted(deviceRef: string, at: number): Promise<void>;
}

/** Certificates remembered as confirmed: the CA need not hear of them again. */
const REMEMBERED = 10_000;

/**
 * A device that presents its certificate where none is needed has it and uses it, which is what the CA waits for before it
 * takes the parent's place away (rule 4). Enrolments need no word here: there the certificate is evidence, and the CA sees it.
 */
export class Sightings {
  private readonly authenticate: Pick<AuthenticateDevice, 'run'>;
  private readonly ca: Pick<CaPort, 'confirmSeen'>;
  private readonly devices: ProjectSighting;
  private readonly now: () => number;
  private readonly confirmed = new Set<string>();

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
    if (this.confirmed.has(key) || !(await this.isDevice(chain))) return;
    const at = this.now();
    const [outcome] = await this.ca.confirmSeen([{ certificate: leaf, at }]);
    if (outcome?.ok !== true) return;
    if (outcome.firstSighting) await this.devices.sighted(outcome.deviceRef, at);
    this.remember(key);
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

  private remember(key: string): void {
    const [oldest] = this.confirmed;
    if (this.confirmed.size >= REMEMBERED && oldest !== undefined) this.confirmed.delete(oldest);
    this.confirmed.add(key);
  }
}
