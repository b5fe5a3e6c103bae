import { z } from 'zod';

/** Settings that mean the same in every process that has them. */
export const port = (standard: number, what: string) => z.int().min(0).max(65_535).default(standard).describe(what);

export const databaseUrlSetting = (what: string) =>
  z
    .string()
    .regex(/^postgres(ql)?:\/\//)
    .optional()
    .meta({ env: 'DATABASE_URL', secret: true })
    .describe(what);

export const redisUrlSetting = z
  .string()
  .regex(/^rediss?:\/\//)
  .optional()
  .meta({ env: 'REDIS_URL', secret: true })
  .describe('Redis for the job queue; without it the queue lives in PostgreSQL');

export const hostSetting = z.string().min(1).default('127.0.0.1').describe('address that all ports listen on');

export const organizationSetting = (what: string) =>
  z.string().min(1).max(64).default('Touchmark evaluation').describe(what);

/** `isRealm` of libs/lifecycle is handed in: this library knows no rules of names. */
export const realmSetting = (isRealm: (text: string) => boolean) =>
  z
    .string()
    .refine(isRealm, 'it must be a DNS name in lower case of at most 63 characters')
    .default('devices.local')
    .describe('SPIFFE trust domain name of the devices');

/** How a process logs. */
export const logSettings = {
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  logFormat: z.enum(['text', 'json']).default('text'),
};

export const secretsFolderSetting = z
  .string()
  .min(1)
  .describe('folder of secrets, as init made it; each process uses the part of it that bears its name, and no other');

export const healthPortSetting = z
  .int()
  .min(0)
  .max(65_535)
  .optional()
  .describe('plain HTTP on 127.0.0.1: /livez, /readyz, /metrics; closed by default');

export const caUrlSetting = z
  .url({ protocol: /^https$/ })
  .default('https://localhost:7443')
  .describe('where the CA port is; the CA is known by its certificate, not by this name');
