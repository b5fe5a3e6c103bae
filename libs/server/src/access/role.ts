/** Who a bearer token speaks for. */
export const ROLES = ['admin', 'security-admin', 'factory', 'gateway', 'auditor'] as const;

export type Role = (typeof ROLES)[number];
