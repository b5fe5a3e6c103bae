import { equalBytes, Oid } from '@touchmark/der';
import { type Certificate, encodeCertificationRequest, encodeExtension } from '@touchmark/x509';
import { CliError } from '../cli-error.js';
import { enroll, type EstService } from '../service/est.js';
import { belongs, type DeviceChain, type DeviceFolder, type DeviceKey, type KeyType } from './device-folder.js';
import { checkIssued, notTrusted } from './issued-chain.js';

export interface Renewal {
  readonly certificates: readonly Certificate[];
  /**
   * `finished`: an earlier renewal was cut short and is now done. `unchanged`: the service gave the certificate that the device has,
   * because the renewal window for its key is not open yet.
   */
  readonly outcome: 'renewed' | 'finished' | 'unchanged';
}

export interface RenewOptions {
  /** Keeps the key; the certificate alone is new. */
  readonly sameKey: boolean;
  readonly keyType: KeyType;
  readonly now: number;
}

/**
 * The next certificate of a device. Safe to be killed anywhere and run again: the new key is kept before it is used, the same key gets
 * the same certificate, and only then do both take the places of the old ones.
 */
export async function renewDevice(folder: DeviceFolder, service: EstService, options: RenewOptions): Promise<Renewal> {
  const finished = await folder.finishSwap();
  const [key, chain] = [await folder.readKey(), await folder.readChain()];
  if (!key || !chain) {
    const hint = 'Enrol first (touchmark device enroll), or name its folder (--dir).';
    throw new CliError('FILE_UNREADABLE', `there is no ${key ? folder.chainFile : folder.keyFile}`, { hint });
  }
  if (!belongs(key, chain.leaf)) {
    const hint = 'Put back the key that it was issued for.';
    throw new CliError('KEY_MISMATCH', `${folder.chainFile} is not for ${folder.keyFile}`, { hint });
  }
  if (finished) return { certificates: chain.certificates, outcome: 'finished' };
  const next = options.sameKey ? key : await folder.nextKey(options.keyType);
  const issued = await reenroll(service, chain, key, next, options.now);
  if (options.sameKey) await folder.writeChain(issued);
  else await folder.swap(issued);
  const unchanged = issued[0] !== undefined && equalBytes(issued[0].der, chain.leaf.der);
  return { certificates: issued, outcome: unchanged ? 'unchanged' : 'renewed' };
}

async function reenroll(
  service: EstService,
  present: DeviceChain,
  key: DeviceKey,
  next: DeviceKey,
  now: number,
): Promise<readonly Certificate[]> {
  const { subject } = present.leaf;
  const names = present.leaf.extensions.get(Oid.subjectAltName);
  // subject and subjectAltName stay octet for octet (RFC 7030 section 4.2.2)
  const extensions = names ? [encodeExtension(Oid.subjectAltName, names.critical, names.value)] : [];
  const csr = encodeCertificationRequest({ subject, extensions, privateKey: next.key });
  const proof = { kind: 'certificate', cert: present.pem, key: key.pem } as const;
  const issued = await checkIssued(service, await enroll(service, 'simplereenroll', csr, proof), next, now);
  const renamed = issued[0]?.extensions.get(Oid.subjectAltName);
  if (names && !(renamed && equalBytes(renamed.value, names.value))) throw notTrusted('it is for another device');
  return issued;
}
