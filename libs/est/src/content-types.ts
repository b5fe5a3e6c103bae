/**
 * Media types of RFC 7030 section 3.2.4, byte for byte as they go out: libest compares the prefix, so the spacing, the
 * letter case and the place of the parameter matter.
 */
export const EstContentType = {
  certsOnly: 'application/pkcs7-mime; smime-type=certs-only',
  pkcs10: 'application/pkcs10',
  csrAttributes: 'application/csrattrs',
  error: 'text/plain; charset=utf-8',
} as const;

/**
 * Value of Content-Transfer-Encoding on everything sent. RFC 8951 section 3 takes its meaning away, but Bouncy Castle
 * and libest refuse answers without it. On what is received it is ignored, whatever it says.
 */
export const TRANSFER_ENCODING = 'base64';

/** Whether a Content-Type header names a PKCS #10 request; parameters and letter case do not matter. */
export function isPkcs10(contentType: string | undefined): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === EstContentType.pkcs10;
}
