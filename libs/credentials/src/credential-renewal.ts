import { createPublicKey, type KeyObject } from 'node:crypto';
import type {
  CaRefusalCode,
  RenewedServiceCertificate,
  ServiceRenewalOutcome,
  ServiceRenewalRequest,
} from '@touchmark/ca-port';
import { generateKeyPair, importPkcs8 } from '@touchmark/keys';
import { checkSuccessor } from './check-successor.js';
import { type Credential, halfLife, type TlsCredentials, tlsCredentials, toCredential } from './credential.js';
import type { CredentialFolder } from './credential-folder.js';
import { CredentialsError } from './error.js';
import { makeRenewalRequest } from './renewal-request.js';

/** Brings one request to the CA and its answer back: through the CA port, or over HTTPS for a gateway. */
export type RenewCertificate = (request: ServiceRenewalRequest) => Promise<ServiceRenewalOutcome>;

export interface CredentialRenewalOptions {
  readonly folder: CredentialFolder;
  /** Name of the credential in the folder. */
  readonly name: string;
  readonly renew: RenewCertificate;
  /** UTC seconds. */
  readonly now: () => number;
  /** A failed renewal; it is tried again at the next check. */
  readonly onError: (error: unknown) => void;
}

const CHECK_MILLISECONDS = 3_600_000;

/** After these nobody knows whether the CA stored a certificate for the key: it is asked for with the same key. */
const undecided: ReadonlySet<CaRefusalCode> = new Set(['CA_UNAVAILABLE', 'INTERNAL']);

/**
 * A certificate of this process that never runs out while the CA can be reached: looked at each hour, renewed when half of its life is
 * over, stored, handed to whoever listens, and then shown to the CA, so that the certificate before it gets no other successor. A lost
 * answer costs nothing: the same key is asked for again.
 */
export class CredentialRenewal {
  private readonly options: CredentialRenewalOptions;
  private readonly anchors: readonly Uint8Array[];
  private readonly listeners = new Set<() => void>();
  private credential: Credential;
  private pending: { pkcs8: Uint8Array; privateKey: KeyObject } | undefined;
  /** The credential in force came by a renewal, and the CA does not know yet that it is in use. */
  private unshown = false;
  private running: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  private constructor(options: CredentialRenewalOptions, credential: Credential, anchors: readonly Uint8Array[]) {
    this.options = options;
    this.credential = credential;
    this.anchors = anchors;
  }

  /** Reads the credential and `infrastructure.pem`; nothing is renewed before `start` or `check`. Codes of CredentialsError and KeysError. */
  static async open(options: CredentialRenewalOptions): Promise<CredentialRenewal> {
    const { folder, name } = options;
    return new CredentialRenewal(options, await folder.read(name), await folder.readAnchors('infrastructure'));
  }

  /** The credential in force. */
  current(): Credential {
    return this.credential;
  }

  /** The same for node:tls, with the infrastructure CA as all that peers are judged by. */
  tls(): TlsCredentials {
    return tlsCredentials(this.credential, this.anchors);
  }

  /** Called after each renewal, once the new pair is stored. Returns how to stop listening. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Looks now and then every hour, until stopped. */
  start(): void {
    const look = (): void => void this.check().catch(this.options.onError);
    this.timer ??= setInterval(look, CHECK_MILLISECONDS).unref();
    look();
  }

  /** Looks no more, and waits for a renewal that is under way. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.running?.catch(() => undefined);
  }

  /** Renews where half of the life is over. Rejects where that fails; the credential in force stays as it was. */
  async check(): Promise<void> {
    if (this.options.now() >= halfLife(this.credential.certificate)) await this.renew();
    else if (this.unshown) await this.show();
  }

  /** Renews now, whatever the age; together with one that is under way. */
  async renew(): Promise<void> {
    this.running ??= this.renewOnce().finally(() => (this.running = undefined));
    await this.running;
  }

  private async renewOnce(): Promise<void> {
    const { folder, name, now, onError } = this.options;
    this.pending ??= newKey();
    const { pkcs8, privateKey } = this.pending;
    const answer = await this.ask(privateKey, (refusal) => {
      // another key next time: this one may be what was refused
      if (!undecided.has(refusal)) this.forget();
    });
    const subjectPublicKeyInfo = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    checkSuccessor(this.credential, answer, { subjectPublicKeyInfo, anchors: this.anchors, at: now() });
    const chain = [answer.certificate, answer.issuerCertificate];
    await folder.write(name, { pkcs8, chain });
    this.credential = toCredential(name, privateKey, chain);
    this.forget();
    for (const listener of this.listeners) {
      try {
        listener();
      } catch (error) {
        onError(error);
      }
    }
    this.unshown = true;
    // the new pair is in force, whether or not the CA hears of it now
    await this.show().catch(onError);
  }

  /** Asks for what is there already, with its own key: the CA takes that for a sign that it was stored. */
  private async show(): Promise<void> {
    await this.ask(this.credential.privateKey);
    this.unshown = false;
  }

  private async ask(key: KeyObject, refused?: (code: CaRefusalCode) => void): Promise<RenewedServiceCertificate> {
    const { name, renew } = this.options;
    const answer = await renew(makeRenewalRequest(this.credential, key));
    if (answer.ok) return answer;
    refused?.(answer.code);
    throw new CredentialsError('RENEWAL_REFUSED', { name, refusal: answer.code });
  }

  private forget(): void {
    this.pending?.pkcs8.fill(0);
    this.pending = undefined;
  }
}

function newKey(): { pkcs8: Uint8Array; privateKey: KeyObject } {
  const { pkcs8 } = generateKeyPair('P-256');
  return { pkcs8, privateKey: importPkcs8(pkcs8) };
}
