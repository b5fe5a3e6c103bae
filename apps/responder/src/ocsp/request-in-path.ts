/** Octets of a request target; a CertID with SHA-256 and a nonce takes some 300. */
export const MAX_TARGET_LENGTH = 2_048;

/**
 * The DER of an OCSPRequest in a GET target (RFC 6960 appendix A.1): what follows `prefix`, percent-encoded base64. It must be
 * the raw target, because base64 has slashes, doubled ones too, which are not path separators here. Also taken: unescaped
 * slashes, missing padding, base64url, and slashes before it (a DER SEQUENCE begins with M, so they are an AIA URL's own).
 * Undefined where it is not base64.
 */
export function requestInPath(target: string, prefix: string): Uint8Array | undefined {
  if (target.length > MAX_TARGET_LENGTH) return undefined;
  const end = target.indexOf('?');
  let text = end === -1 ? target.slice(prefix.length) : target.slice(prefix.length, end);
  if (text.includes('%')) {
    try {
      text = decodeURIComponent(text);
    } catch {
      return undefined;
    }
  }
  // counted, because a regular expression that skips them backtracks over every one of them
  let slashes = 0;
  while (text[slashes] === '/') slashes++;
  const base64 = text.slice(slashes);
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}
