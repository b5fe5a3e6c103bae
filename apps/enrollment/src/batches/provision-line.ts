import { isUtf8 } from 'node:buffer';
import { isDeviceSerial } from '@touchmark/lifecycle';
import { fieldErrors } from '@touchmark/server';
import { z } from 'zod';

/** One request of the stream, before its serial and base64 are looked at. */
export const ProvisionLine = z.strictObject({
  deviceSerial: z.string().max(256),
  csr: z.string().describe('base64 of a PKCS #10 request in DER'),
});

/** What the stream answers for each line, in order; `line` counts from 1. */
export const ProvisionAnswer = z.union([
  z.strictObject({
    line: z.int(),
    deviceSerial: z.string(),
    certificate: z.string().describe('base64 of the DER'),
    serialNumber: z.string().describe('Lower-case hex'),
  }),
  z.strictObject({
    line: z.int(),
    deviceSerial: z.string().nullable(),
    error: z.strictObject({ code: z.string(), detail: z.string() }),
  }),
  z
    .strictObject({ done: z.literal(true), issued: z.int(), refused: z.int() })
    .describe('The last line. Where it is missing, send the batch again'),
]);

export type LineFaultCode = 'LINE_MALFORMED' | 'DEVICE_SERIAL_INVALID' | 'CSR_NOT_BASE64';

/** A line that is a request, or why it is none. `deviceSerial` is null where the line does not say one. */
export type ParsedLine =
  | { readonly ok: true; readonly deviceSerial: string; readonly csr: Uint8Array }
  | { readonly ok: false; readonly deviceSerial: string | null; readonly code: LineFaultCode; readonly detail: string };

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

export function parseProvisionLine(text: Uint8Array): ParsedLine {
  const value = parseJson(text);
  const result = ProvisionLine.safeParse(value);
  if (!result.success) {
    const detail = fieldErrors(result.error.issues)
      .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
      .join('; ');
    return { ok: false, deviceSerial: serialOf(value), code: 'LINE_MALFORMED', detail };
  }
  const { deviceSerial, csr } = result.data;
  if (!isDeviceSerial(deviceSerial)) {
    const detail = 'a deviceSerial is [A-Za-z0-9.-]{1,64}, and neither . nor .. nor a UUID';
    return { ok: false, deviceSerial, code: 'DEVICE_SERIAL_INVALID', detail };
  }
  if (csr.length % 4 !== 0 || !BASE64.test(csr)) {
    return { ok: false, deviceSerial, code: 'CSR_NOT_BASE64', detail: 'csr is not base64 (RFC 4648 section 4)' };
  }
  return { ok: true, deviceSerial, csr: new Uint8Array(Buffer.from(csr, 'base64')) };
}

/** Undefined, which no line may be, for what is not JSON. */
function parseJson(text: Uint8Array): unknown {
  if (!isUtf8(text)) return undefined;
  try {
    return JSON.parse(Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString());
  } catch {
    return undefined;
  }
}

const serialOf = (value: unknown): string | null =>
  typeof value === 'object' && value !== null && 'deviceSerial' in value && typeof value.deviceSerial === 'string'
    ? value.deviceSerial.slice(0, 64)
    : null;
