import { isRenewalWindowOpen } from './renewal-window.js';
import type { SeatValueName } from './seat-value-of.js';

/** What the rules need to know of one credential of a device. Times are UTC seconds. */
export interface CredentialFacts {
  readonly id: string;
  readonly profile: string;
  /** SHA-256 of the subjectPublicKeyInfo, lower-case hex. */
  readonly spkiSha256: string;
  /** Generation of the device in which it was issued. */
  readonly generation: number;
  readonly notBefore: number;
  readonly notAfter: number;
  /** When its renewal window opens; `undefined`: never. */
  readonly renewAfter: number | undefined;
  /** Used at least once, with us or at a gateway. */
  readonly seen: boolean;
  /** Given up unseen for another key: neither returned again nor accepted as a parent. */
  readonly withdrawn: boolean;
  readonly seatValue: SeatValueName;
  /** Credential that it was issued on; none for one issued on a warrant. */
  readonly parentId?: string;
}

/** Not ended: its holder may use it, or may again once its holds are released. */
export function isLive(credential: CredentialFacts, generation: number, now: number): boolean {
  return (
    credential.generation === generation &&
    !credential.withdrawn &&
    credential.seatValue !== 'invalid' &&
    now <= credential.notAfter
  );
}

/** The last one issued; among equals the later in the array, so callers pass them in the order of issue. */
export function newest(credentials: readonly CredentialFacts[]): CredentialFacts | undefined {
  return credentials.reduce<CredentialFacts | undefined>(
    (last, credential) => (last === undefined || credential.notBefore >= last.notBefore ? credential : last),
    undefined,
  );
}

/** Whether a request with its own key gets a new certificate. */
export function isRenewable(credential: CredentialFacts, now: number): boolean {
  return isRenewalWindowOpen(credential.renewAfter, now);
}
