import { X509Certificate } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';

/** Who a request is from: `{ realm, model, deviceSerial }`. Throws where the header was not made by this gateway for us. */
export async function deviceOf(header, { infrastructure, gateway, audience }) {
  const [x5c = ''] = decodeProtectedHeader(header).x5c ?? [];
  const signer = new X509Certificate(Buffer.from(x5c, 'base64'));
  const issuer = new X509Certificate(infrastructure);
  const now = new Date();
  const trusted =
    signer.checkIssued(issuer) &&
    signer.verify(issuer.publicKey) &&
    signer.subjectAltName === `URI:${gateway}` &&
    signer.validFromDate <= now &&
    now <= signer.validToDate;
  if (!trusted) throw new Error('not signed by our gateway');
  const { payload } = await jwtVerify(header, signer.publicKey, {
    algorithms: ['ES256'],
    typ: 'touchmark-identity+jwt',
    issuer: gateway,
    audience,
    requiredClaims: ['sub', 'exp', 'iat'],
  });
  return payload.device;
}
