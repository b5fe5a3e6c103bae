import { isDeviceSerial, isModel } from '@touchmark/lifecycle';
import { z } from 'zod';

/** UTC seconds since 1970: the only form of time in this API. */
export const UtcSeconds = z.int().min(0).max(253_402_300_799).describe('UTC seconds since 1970');

export const ModelName = z.string().refine(isModel, 'allowed is [a-z0-9-]{1,63}').describe('[a-z0-9-]{1,63}');

export const DeviceSerial = z
  .string()
  .refine(isDeviceSerial, 'allowed is [A-Za-z0-9.-]{1,64}, not . or .., no UUID')
  .describe('[A-Za-z0-9.-]{1,64}, not in the form of a UUID, unique within the model without regard to case');

/** A name that people give: factories, policies, holders of access tokens. */
export const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/, 'allowed is [A-Za-z0-9][A-Za-z0-9._@-]{0,62}');

export const Uuid = z.uuid().toLowerCase();

const PAGE_LIMIT = 100;
const MAX_PAGE_LIMIT = 1000;

/** Members that every list takes; the cursor's own shape is the list's. */
export const limit = z.coerce.number().int().min(1).max(MAX_PAGE_LIMIT).default(PAGE_LIMIT);

/** Id of an event or refusal. */
export const SequenceId = z.string().regex(/^[1-9][0-9]{0,17}$/, 'not an id of this list');

/** A page of a list as it is answered. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    items: z.array(item),
    next: z.string().optional().describe('Cursor of the next page; absent on the last'),
  });
