import { readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CredentialFolder } from '@touchmark/credentials';
import { UsageError } from '@touchmark/server';
import { decodePem, encodePem } from '@touchmark/x509';
import type { Ca } from '../ca.js';
import { openServedCa } from '../ca-process.js';
import type { Config } from '../config.js';
import { issueCredential } from '../signers/issue-credential.js';
import type { ServiceCertificateOrder } from '../signers/issue-service-certificate.js';
import type { CommandContext } from './command.js';

const profiles = ['gateway-client', 'tls-server', 'service'] as const;
type IssuedProfile = (typeof profiles)[number];

type WishedOrder = Omit<ServiceCertificateOrder, 'csr'> & { readonly profile: IssuedProfile };

interface Wish {
  readonly orderIn: (realm: string) => WishedOrder;
  readonly csrFile: string | undefined;
  readonly out: string;
}

const USAGE = `issue ${profiles.join('|')} --name NAME [--dns NAME]… [--ip ADDRESS]… [--csr FILE] --out FOLDER`;

/**
 * `issue`: a certificate for a gateway, a TLS server or a service. Without --csr a key is made and both go into FOLDER as a process
 * of ours keeps them; with it FOLDER gets the certificates, and whoever made the request has the key.
 */
export async function issue(args: readonly string[], context: CommandContext<Config>): Promise<void> {
  const { orderIn, csrFile, out } = readWish(args);
  const csr = csrFile === undefined ? undefined : await readRequest(csrFile);
  const service = await openServedCa(context);
  try {
    const { ca } = service;
    const order = orderIn(ca.realm);
    if (csr === undefined) await issueInto(ca, out, order, context);
    else await issueFor(ca, out, { ...order, csr });
    context.print(`${order.profile} ${order.name}: ${path.join(out, `${order.profile}.pem`)}`);
  } finally {
    await service.close();
  }
}

async function issueInto(ca: Ca, out: string, order: WishedOrder, context: CommandContext<Config>): Promise<void> {
  const folder = await CredentialFolder.open(out, context.randomBytes);
  if (await folder.has(order.profile)) throw new UsageError(`${out} holds a certificate of that kind already`);
  await folder.writeAnchors('root', [ca.rootCertificate()]);
  await folder.writeAnchors('infrastructure', ca.infrastructureCertificates());
  await issueCredential(ca, folder, order.profile, order);
}

async function issueFor(ca: Ca, out: string, order: ServiceCertificateOrder): Promise<void> {
  const { certificate, authorityId } = await ca.serviceCertificates.run(order);
  const write = (name: string, certificates: readonly Uint8Array[]): Promise<void> =>
    writeFile(path.join(out, `${name}.pem`), certificates.map((der) => encodePem('CERTIFICATE', der)).join(''));
  await write(order.profile, [certificate, ca.certificateOf(authorityId)]);
  await write('infrastructure', ca.infrastructureCertificates());
  await write('root', [ca.rootCertificate()]);
}

function readWish(args: readonly string[]): Wish {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      dns: { type: 'string', multiple: true, default: [] },
      ip: { type: 'string', multiple: true, default: [] },
      csr: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const profile = profiles.find((one) => one === positionals[0]);
  const { name, dns, ip, csr: csrFile, out } = values;
  if (profile === undefined || positionals.length > 1 || name === undefined || out === undefined)
    throw new UsageError(`usage: ${USAGE}`);
  if (profile !== 'tls-server') {
    if (dns.length + ip.length > 0) throw new UsageError('only a tls-server has --dns and --ip');
    return { orderIn: (realm) => ({ profile, name, fields: { realm, name } }), csrFile, out };
  }
  if (ip.some((address) => isIP(address) === 0)) throw new UsageError('--ip takes an IP address');
  const dnsNames = dns.length + ip.length > 0 ? dns : [name];
  return { orderIn: () => ({ profile, name, fields: { dnsNames, ipAddresses: ip } }), csrFile, out };
}

/** A PKCS#10 request, in DER or PEM. */
async function readRequest(file: string): Promise<Uint8Array> {
  const octets = await readFile(file);
  if (octets[0] === 0x30) return octets;
  const [block] = decodePem(octets.toString('latin1'));
  if (block === undefined || !/^(NEW )?CERTIFICATE REQUEST$/.test(block.label))
    throw new UsageError(`${file} holds no certificate request`);
  return block.der;
}
