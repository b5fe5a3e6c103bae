/** Injection token of the CA port. */
export const CA_PORT = Symbol('CaPort');
