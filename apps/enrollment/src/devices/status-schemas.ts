import { revocationReasons } from '@touchmark/ca-port';
import { z } from 'zod';
import { DeviceState } from '../registry/device-schemas.js';
import { UtcSeconds } from '../registry/schemas.js';

const Cause = z
  .string()
  .regex(/^[a-z0-9-]{1,63}$/, 'allowed is [a-z0-9-]{1,63}')
  .default('admin')
  .describe('Holds are counted by cause: releasing one leaves the others');

export const Hold = z.strictObject({ cause: Cause }).prefault({}).meta({ id: 'Hold' });

export const Revocation = z
  .strictObject({
    reason: z.enum(revocationReasons).default('unspecified').describe('CRLReason of RFC 5280 section 5.3.1'),
    invalidityDate: UtcSeconds.optional().describe('Since when the key is known or suspected to be unsafe'),
  })
  .prefault({})
  .meta({ id: 'Revocation' });

/** For acts that need no more than their name: such a request may come without a body. */
export const NoMembers = z.strictObject({}).prefault({}).meta({ id: 'NoMembers' });

export const StatusChange = z
  .strictObject({
    epoch: z.int(),
    sequence: z.int().describe('Place in the journal of its epoch at which the change is durable'),
    seatsChanged: z.int(),
    deviceRef: z.uuid().nullable(),
    state: DeviceState.nullable(),
  })
  .meta({ id: 'StatusChange' });
