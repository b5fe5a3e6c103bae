import { encodeTransfer, EstContentType, parseCertsOnly } from '@touchmark/est';
import { encodePem } from '@touchmark/x509';
import type { BatchOrder, BatchResult } from './batch-client.js';
import { ClientProcess } from './client-process.js';
import { type DeviceRequest, makeRequests } from './device-requests.js';
import type { EstDevice, EstOrder, EstResult } from './est-client.js';
import { provisionAll } from './provision-all.js';
import type { ServiceProcess } from './service-process.js';

/** A device that has a certificate. */
export interface EnrolledDevice {
  /** DER. */
  readonly certificate: Uint8Array;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
}

/** Devices with an LDevID each: made in a batch, then enrolled by their IDevID with the same key. */
export async function enrollAll(
  service: ServiceProcess,
  client: ClientProcess<EstOrder, EstResult>,
  connections: number,
  count: number,
): Promise<EnrolledDevice[]> {
  const requests = await makeRequests(Array.from({ length: count }, () => null));
  const factory = new ClientProcess<BatchOrder, BatchResult>(new URL('batch-client.js', import.meta.url));
  const { certificates } = await provisionAll(factory, service, requests, { prefix: 'E', keepAnswers: true });
  await factory.stop();
  const devices = requests.map((request, i) => {
    const certificate = certificates[i];
    if (!certificate) throw new Error('a device without a certificate');
    return orderOf('simpleenroll', { certificate, privateKey: request.privateKey }, request);
  });
  const { answers } = await client.run({
    port: service.devicePort,
    ca: service.root,
    devices,
    connections,
  });
  return answers.map((answer, i) => ({
    certificate: certificateIn(answer),
    privateKey: requests[i]?.privateKey ?? '',
  }));
}

/** An EST operation as octets, with the certificate and key that it is asked for with. */
export function orderOf(operation: string, device: EnrolledDevice, request: DeviceRequest | undefined): EstDevice {
  const body = encodeTransfer(request?.csr ?? new Uint8Array());
  const head =
    `POST /.well-known/est/${operation} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${EstContentType.pkcs10}\r\n` +
    `Content-Transfer-Encoding: base64\r\nContent-Length: ${body.length}\r\n\r\n`;
  return {
    certificate: encodePem('CERTIFICATE', device.certificate),
    privateKey: device.privateKey,
    request: Buffer.concat([Buffer.from(head), body]),
  };
}

export function splitAnswer(answer: Uint8Array | undefined): { head: string; body: Buffer } {
  const octets = Buffer.from(answer ?? new Uint8Array());
  const end = octets.indexOf('\r\n\r\n');
  return { head: octets.toString('latin1', 0, end), body: octets.subarray(end + 4) };
}

/** The certificate in a certs-only answer, DER. */
export function certificateIn(answer: Uint8Array | undefined): Uint8Array {
  const [certificate] = parseCertsOnly(Buffer.from(splitAnswer(answer).body.toString('latin1'), 'base64'));
  if (!certificate) throw new Error('an answer without a certificate');
  return certificate;
}
