import { CaGrpcError } from '../error.js';

/** A message as protobuf.js reads it: a field that was not sent is absent, also where proto3 has a default for it. */
export type Message = Readonly<Record<string, unknown>>;

/** Octets; those that were not sent are none. */
export function bytes(message: Message, field: string): Uint8Array {
  const value = message[field] ?? new Uint8Array(0);
  if (value instanceof Uint8Array) return value;
  throw malformed(field);
}

export function text(message: Message, field: string): string {
  const value = message[field] ?? '';
  if (typeof value === 'string') return value;
  throw malformed(field);
}

export function flag(message: Message, field: string): boolean {
  const value = message[field] ?? false;
  if (typeof value === 'boolean') return value;
  throw malformed(field);
}

export function optionalFlag(message: Message, field: string): boolean | undefined {
  return message[field] === undefined ? undefined : flag(message, field);
}

/** An integer; a 64-bit one that a number cannot hold is refused, never rounded. */
export function integer(message: Message, field: string): number {
  const value = message[field] ?? 0;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw malformed(field);
}

export function optionalInteger(message: Message, field: string): number | undefined {
  return message[field] === undefined ? undefined : integer(message, field);
}

export function optionalMessage(message: Message, field: string): Message | undefined {
  const value = message[field] ?? undefined;
  if (value === undefined || isMessage(value)) return value;
  throw malformed(field);
}

export function required(message: Message, field: string): Message {
  const value = optionalMessage(message, field);
  if (value === undefined) throw malformed(field);
  return value;
}

export function list(message: Message, field: string): readonly Message[] {
  const value = message[field] ?? [];
  if (Array.isArray(value) && value.every(isMessage)) return value;
  throw malformed(field);
}

/** Which field of a oneof was sent. */
export function chosen<Field extends string>(message: Message, oneof: string, fields: readonly Field[]): Field {
  const found = fields.find((field) => field === message[oneof]);
  if (found === undefined) throw malformed(oneof);
  return found;
}

export function malformed(field: string): CaGrpcError {
  return new CaGrpcError('MESSAGE_MALFORMED', field);
}

/** For 64-bit fields: what protobuf.js would round or cut is a mistake of whoever made it. */
export function int64(value: number): number {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not an integer below 2^53`);
  return value;
}

export function optionalInt64(value: number | undefined): number | undefined {
  return value === undefined ? undefined : int64(value);
}

export function uint32(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new TypeError(`${value} is not of 32 bits`);
  return value;
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
