import { DEVICE_STATES } from '@touchmark/lifecycle';
import { reasonOfNumber } from '@touchmark/x509';
import { z } from 'zod';
import { DeviceSerial, UtcSeconds } from './schemas.js';

export const DeviceState = z.enum(DEVICE_STATES);

export const Device = z
  .strictObject({
    deviceRef: z.uuid().describe('Made from realm, model and deviceSerial: the same in every process'),
    realm: z.string(),
    model: z.string(),
    deviceSerial: DeviceSerial,
    state: DeviceState,
    generation: z.int().describe('Grows by recommissioning'),
    batchId: z.uuid().nullable(),
    policyId: z.uuid().nullable(),
    lastSeenAt: UtcSeconds.nullable().describe(
      'When it was last seen: at the first use of a certificate, or by a gateway',
    ),
    createdAt: UtcSeconds,
    changedAt: UtcSeconds,
  })
  .meta({ id: 'Device' });

export const DeviceEvent = z
  .strictObject({
    id: z.string(),
    event: z.string(),
    fromState: DeviceState.nullable(),
    toState: DeviceState,
    actor: z.string(),
    detail: z.record(z.string(), z.unknown()),
    at: UtcSeconds,
  })
  .meta({ id: 'DeviceEvent' });

export const DeviceCertificate = z
  .strictObject({
    serialNumber: z.string().describe('Lower-case hex'),
    profile: z.string(),
    generation: z.int(),
    notBefore: UtcSeconds,
    notAfter: UtcSeconds,
    renewAfter: UtcSeconds.nullable().describe('When its renewal window opens; null: never'),
    status: z.enum(['valid', 'suspended', 'revoked']).describe('valid says nothing about its dates'),
    reason: z.string().nullable(),
    revokedAt: UtcSeconds.nullable(),
    seenAt: UtcSeconds.nullable().describe('When it was first used'),
    withdrawn: z.boolean().describe('Replaced before it was ever used'),
  })
  .meta({ id: 'DeviceCertificate' });

export const statusNames = ['valid', 'revoked', 'suspended'] as const;

export const reasonName = (reason: number | null): string | null =>
  reason === null ? null : (reasonOfNumber(reason) ?? String(reason));

export const Refusal = z
  .strictObject({
    id: z.string(),
    channel: z.enum(['batch', 'est', 'gateway']),
    code: z.string(),
    detail: z.string(),
    deviceRef: z.uuid().nullable(),
    deviceSerial: z.string().nullable().describe('As the applicant wrote it'),
    batchId: z.uuid().nullable(),
    source: z.string().nullable(),
    at: UtcSeconds,
  })
  .meta({ id: 'Refusal' });
