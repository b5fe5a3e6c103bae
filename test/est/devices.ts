import { Oid } from '@touchmark/der';
import { type EstReply, generateTestKey, makeTestRequest, type TestKey } from '@touchmark/testkit';
import { encodeExtension, parseCertificate } from '@touchmark/x509';
import type { DeviceFiles, EstService, PolicyName } from './est-service.js';

/** The certificate of an answer that must be one. */
export function certificateOf(reply: EstReply): Uint8Array {
  const [certificate] = reply.certificates;
  if (reply.status !== 200 || !certificate) throw new Error(`${reply.status} ${reply.body.toString()}`);
  return certificate;
}

export const hex = (der: Uint8Array | undefined): string => Buffer.from(der ?? []).toString('hex');

/** A request with the names of the certificate, as simplereenroll wants it. */
export function renewal(der: Uint8Array, key: TestKey = generateTestKey()): Uint8Array {
  const { subject, extensions } = parseCertificate(der);
  const san = extensions.get(Oid.subjectAltName);
  const requested = san ? [encodeExtension(Oid.subjectAltName, san.critical, san.value)] : [];
  return makeTestRequest({ key, subject, extensions: requested }).der;
}

/** A device that has enrolled by token, with its LDevID. */
export async function enrolled(
  service: EstService,
  deviceSerial: string,
  policy: PolicyName = 'default',
): Promise<DeviceFiles> {
  const token = await service.makeToken(deviceSerial, { policy });
  const { der, key } = makeTestRequest();
  return service.save(certificateOf(await service.client.simpleenroll(der, { token })), key.privateKey);
}

/** The same device after it has rotated its LDevID to a new key. */
export async function rotated(service: EstService, device: DeviceFiles): Promise<DeviceFiles> {
  const key = generateTestKey();
  const reply = await service.client.simplereenroll(renewal(device.der, key), device);
  return service.save(certificateOf(reply), key.privateKey);
}
