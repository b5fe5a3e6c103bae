import 'reflect-metadata';
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { createServer } from 'node:https';
import {
  checkCertificationRequest,
  compileTemplate,
  createIssuingCaCertificate,
  createRootCertificate,
  encodeCertificateNames,
  loadIssuer,
  profileByName,
  signCertificate,
  validityFor,
} from '@touchmark/issuance';
import { encodeSerialNumber } from '@touchmark/status-list';
import { encodeCertificationRequest, encodePem } from '@touchmark/x509';
import { memorySigner } from '../bench-authority.js';

/** Header fields and body of the one answer that the bare server gives. */
export interface BareAnswer {
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

export interface BareServer {
  readonly port: number;
  /** PEM of its root. */
  readonly ca: string;
}

/**
 * Process of the limit: node:https and nothing else. The same chain of keys (P-384 root, P-256 issuing CA, P-256 server) and the
 * same settings of TLS as the service's device listener; reads the request, gives an answer that was made before.
 */
process.on('message', (answer: BareAnswer) => {
  void serve(answer).then((server) => process.send?.(server));
});

async function serve({ headers, body }: BareAnswer): Promise<BareServer> {
  const { cert, key, ca } = await serverCredentials();
  const tls = {
    cert,
    key,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
  } as const;
  const server = createServer(tls, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      response.writeHead(200, [...headers]);
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return { port: address.port, ca };
}

async function serverCredentials(): Promise<{ cert: string; key: string; ca: string }> {
  const now = Math.floor(Date.now() / 1000);
  const [rootKey, caKey, privateKey] = [newKey('P-384'), newKey('P-256'), newKey('P-256')];
  const shared = { organization: 'Bench', generation: 1, notBefore: now - 86_400 };
  const root = await createRootCertificate({ ...shared, serialNumber: Uint8Array.of(1), privateKey: rootKey });
  const signer = memorySigner(caKey);
  const issuing = await createIssuingCaCertificate({
    ...shared,
    kind: 'infrastructure',
    serialNumber: Uint8Array.of(2),
    notAfter: now + 365 * 86_400,
    subjectPublicKeyInfo: signer.subjectPublicKeyInfo,
    root: { certificate: root, privateKey: rootKey },
  });
  const profile = profileByName('tls-server');
  const issuer = loadIssuer(issuing, signer, 'infrastructure');
  const points = {
    crl: 'http://localhost:8080/crl/1.crl',
    ocsp: 'http://localhost:8080/ocsp',
    caIssuers: 'http://localhost:8080/ca/1.cer',
  };
  const { certificate } = await signCertificate({
    template: compileTemplate({ profile, issuer, publicationPoints: points }),
    request: checkCertificationRequest(encodeCertificationRequest({ privateKey }), profile),
    names: encodeCertificateNames(profile, { name: 'localhost', dnsNames: ['localhost'] }),
    validity: validityFor(profile, issuer.certificate, now),
    serialNumber: encodeSerialNumber({ listId: 1, index: 1, random: randomBytes(8) }),
    now,
  });
  return {
    cert: encodePem('CERTIFICATE', certificate) + encodePem('CERTIFICATE', issuing),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    ca: encodePem('CERTIFICATE', root),
  };
}

const newKey = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
