import { z } from 'zod';
import { isLocalUrl } from './local-url.js';

/** What is burnt into certificates: of whoever makes the hierarchy, and of whoever issues under it. */
export const publicHttpUrlSetting = z
  .url({ protocol: /^https?$/ })
  .regex(/[^/]$/)
  .optional();

export const evaluationSetting = z
  .boolean()
  .default(true)
  .describe(
    'false: certificates are made for real use, so publicHttpUrl must be a name that devices can reach for ever',
  );

/** Outside evaluation nothing is made whose URLs work only on this machine. */
export const forRealUse = ({
  evaluation,
  publicHttpUrl,
}: {
  evaluation: boolean;
  publicHttpUrl?: string | undefined;
}) => evaluation || (publicHttpUrl !== undefined && !isLocalUrl(publicHttpUrl));

export const notForRealUse = {
  path: ['publicHttpUrl'],
  message:
    'outside evaluation it must be a DNS name other than localhost: it is burnt into certificates that never end',
};
