import { fileURLToPath } from 'node:url';
import { type MethodDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { CaCall } from './codec/calls.js';
import type { Message } from './codec/fields.js';

/** 512 requests of 16 KiB fit with room to spare; nothing larger is read or sent. */
export const MAX_MESSAGE_OCTETS = 16 * 1024 * 1024;

// From src/ and from its place in dist alike: the build copies proto/ beside it.
const PROTO = fileURLToPath(new URL('../proto/ca.proto', import.meta.url));

export type CaServiceDefinition = Readonly<Record<CaCall, MethodDefinition<Message, Message>>>;

/** Reads the contract. Methods are keyed by the names of the port. */
export function loadServiceDefinition(): CaServiceDefinition {
  const loaded = loadSync(PROTO, { keepCase: false, longs: Number, defaults: false, oneofs: true });
  const service = loaded['touchmark.ca.v1.Ca'];
  if (service === undefined || !isService(service)) throw new TypeError('ca.proto does not define the service');
  const method = (name: string): MethodDefinition<Message, Message> => {
    const found = service[name];
    if (found === undefined) throw new TypeError(`ca.proto does not define ${name}`);
    return found;
  };
  return {
    issueCertificates: method('IssueCertificates'),
    changeStatus: method('ChangeStatus'),
    confirmSeen: method('ConfirmSeen'),
    openWarrants: method('OpenWarrants'),
    renewOcspSigners: method('RenewOcspSigners'),
    renewServiceCertificates: method('RenewServiceCertificates'),
    describeAuthorities: method('DescribeAuthorities'),
  };
}

// A message or an enum has a format; a service is made of methods.
function isService(definition: object): definition is ServiceDefinition {
  return !('format' in definition);
}
