import { type Certificate, encodeCertificationRequest } from '@touchmark/x509';
import { toPem } from '../certificates.js';
import { CliError } from '../cli-error.js';
import { enroll, type EstProof, type EstService } from '../service/est.js';
import { belongs, type DeviceFolder, type DeviceKey, type KeyType } from './device-folder.js';
import { checkIssued } from './issued-chain.js';

/**
 * A device's first certificate. The key is made and kept first; a lost answer costs nothing, since the same key gets the same
 * certificate when this runs again. Throws FILE_EXISTS where the device has a certificate already.
 */
export async function enrollDevice(
  folder: DeviceFolder,
  service: EstService,
  proof: EstProof,
  { keyType, now }: { keyType: KeyType; now: number },
): Promise<readonly Certificate[]> {
  if (await folder.readChain()) {
    throw new CliError('FILE_EXISTS', `${folder.chainFile} is there already`, {
      hint: 'Renew it (touchmark device renew), or enrol into another folder (--dir).',
    });
  }
  const key = await folder.ownKey(keyType);
  // who it is for, the service knows from the proof
  const csr = encodeCertificationRequest({ privateKey: key.key });
  const certificates = await checkIssued(service, await enroll(service, 'simpleenroll', csr, proof), key, now);
  await folder.writeChain(certificates);
  return certificates;
}

/** What a device was given at the factory, as a proof. Throws KEY_MISMATCH. */
export function idevidProof(certificates: readonly Certificate[], key: DeviceKey): EstProof {
  const [leaf] = certificates;
  if (leaf && belongs(key, leaf)) return { kind: 'certificate', cert: toPem(certificates), key: key.pem };
  throw new CliError('KEY_MISMATCH', 'the IDevID certificate is not for the IDevID key', {
    hint: 'Give the two that belong together: --idevid-cert FILE --idevid-key FILE.',
  });
}
