import { fileURLToPath } from 'node:url';
import { type MethodDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { CaCall } from './codec/calls.js';
import type { Message } from './codec/fields.js';

/** Nothing larger is sent, nor read by anybody. */
export const MAX_MESSAGE_OCTETS = 16 * 1024 * 1024;

const caCalls = [
  'issueCertificates',
  'changeStatus',
  'confirmSeen',
  'openWarrants',
  'renewOcspSigners',
  'renewServiceCertificates',
  'describeAuthorities',
] as const satisfies readonly CaCall[];

// From src/ and from its place in dist alike: the build copies proto/ beside it.
const PROTO = fileURLToPath(new URL('../proto/ca.proto', import.meta.url));

export type CaServiceDefinition = Readonly<Record<CaCall, MethodDefinition<Message, Message>>>;

/** A message as the server received it. */
export interface ReceivedMessage {
  readonly message: Message;
  /** Its length on the wire. */
  readonly octets: number;
}

export type ReceivingDefinition = Readonly<Record<CaCall, MethodDefinition<ReceivedMessage, Message>>>;

/** The server's side of the contract. */
export function receiving(definition: CaServiceDefinition): ReceivingDefinition {
  const method = (call: CaCall): MethodDefinition<ReceivedMessage, Message> => {
    const { requestDeserialize, requestSerialize, ...rest } = definition[call];
    return {
      ...rest,
      requestSerialize: ({ message }) => requestSerialize(message),
      requestDeserialize: (octets) => ({ message: requestDeserialize(octets), octets: octets.length }),
    };
  };
  return {
    issueCertificates: method('issueCertificates'),
    changeStatus: method('changeStatus'),
    confirmSeen: method('confirmSeen'),
    openWarrants: method('openWarrants'),
    renewOcspSigners: method('renewOcspSigners'),
    renewServiceCertificates: method('renewServiceCertificates'),
    describeAuthorities: method('describeAuthorities'),
  };
}

/** The call at this path, which is one of the contract's. */
export function callAt(definition: ReceivingDefinition, path: string): CaCall {
  const call = caCalls.find((one) => definition[one].path === path);
  if (call === undefined) throw new TypeError(`${path} is no call of the CA port`);
  return call;
}

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
