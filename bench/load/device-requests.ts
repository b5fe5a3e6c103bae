import { generateKeyPairSync } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { Oid } from '@touchmark/der';
import { encodeCertificationRequest, encodeExtension, parseCertificate } from '@touchmark/x509';

/** A P-256 key of a device and the request that it signed. */
export interface DeviceRequest {
  /** PKCS #10, DER. */
  readonly csr: Uint8Array;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
}

/** A new key and a request for it: with the names of `certificate` (DER), as simplereenroll wants it, or else without any. */
export function newDeviceRequest(certificate?: Uint8Array): DeviceRequest {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { subject, extensions } = certificate ? parseCertificate(certificate) : {};
  const subjectAltName = extensions?.get(Oid.subjectAltName);
  const csr = encodeCertificationRequest({
    privateKey,
    ...(subject && { subject }),
    ...(subjectAltName && {
      extensions: [encodeExtension(Oid.subjectAltName, subjectAltName.critical, subjectAltName.value)],
    }),
  });
  return { csr, privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() };
}

export const CORES = 2;

/** Runs one order on each core at once, in worker threads that end with it. */
export async function onAllCores<Result>(module: URL, orders: readonly unknown[]): Promise<Result[]> {
  return Promise.all(
    orders.map(async (workerData) => {
      const worker = new Worker(module, { workerData });
      try {
        return await new Promise<Result>((resolve, reject) => {
          worker.once('message', resolve);
          worker.once('error', reject);
        });
      } finally {
        await worker.terminate();
      }
    }),
  );
}

/** A new key and request for each entry, made on all cores: with the names of the certificate that stands there, if any. */
export async function makeRequests(certificates: readonly (Uint8Array | null)[]): Promise<DeviceRequest[]> {
  const share = Math.ceil(certificates.length / CORES);
  const shares = Array.from({ length: CORES }, (_, i) => certificates.slice(i * share, (i + 1) * share));
  const made = await onAllCores<DeviceRequest[]>(new URL('request-maker.js', import.meta.url), shares);
  return made.flat();
}
